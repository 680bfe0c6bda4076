// SPDX-License-Identifier: Apache-2.0

package event

import "strings"

// leftOut stands for what is not known to be free of names.
const leftOut = "…"

// Anonymous is what may be told of a text to anyone: how it begins, its gRPC code, and what a row of the table knows of it, with all names
// replaced by rename. The rest is left out. The same row explains what is left.
func Anonymous(stage Stage, message string, rename func(string) string) string {
	var out strings.Builder
	if m := operation.FindStringSubmatch(message); m != nil {
		out.WriteString(m[1] + ` for volume "` + rename(m[2]) + `" : `)
	}
	if c := CodeOf(message); c != "" {
		out.WriteString("rpc error: code = " + c + " desc = ")
	}
	known := Explain(stage, message)
	if known == nil || known.pattern == nil {
		out.WriteString(leftOut)
		return out.String()
	}
	// What is between the parts is the row's own.
	found, names := known.pattern.FindStringSubmatchIndex(message), known.pattern.SubexpNames()
	at := found[0]
	for i := 1; i < len(names); i++ {
		from, to := found[2*i], found[2*i+1]
		out.WriteString(message[at:from])
		if names[i] == "" {
			out.WriteString(leftOut)
		} else {
			out.WriteString(rename(message[from:to]))
		}
		at = to
	}
	out.WriteString(message[at:found[1]])
	return out.String()
}
