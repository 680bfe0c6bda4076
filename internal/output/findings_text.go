// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/check"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology/manifests"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// TextOptions say how findings are shown to a person.
type TextOptions struct {
	// Verbose shows audit findings too, and what exemptions lifted.
	Verbose bool
	// Color is for terminals.
	Color bool
	// Width is how many columns a line fills, if its words allow. With 0 each part of a finding is one line: for those who look
	// for lines, such as grep and editors.
	Width int
}

// FindingsText writes a check's result for a person: each finding as "file:line:column: action rule: message" with what would
// have happened and what to do, a blank line between files, and a line that sums up.
func FindingsText(w io.Writer, result *check.Result, opts TextOptions) error {
	var out bytes.Buffer
	group, shown := "", false
	counts := map[rules.Action]int{}
	for _, f := range result.Findings {
		counts[f.Action]++
		if f.Action == rules.Audit && !opts.Verbose {
			continue
		}
		if shown && groupOf(&f) != group {
			fmt.Fprintln(&out)
		}
		group, shown = groupOf(&f), true
		findingText(&out, f, opts)
	}
	if shown {
		fmt.Fprintln(&out)
	}
	if opts.Verbose && len(result.Exempted) > 0 {
		for _, x := range result.Exempted {
			exemptedText(&out, x, opts.Width)
		}
		fmt.Fprintln(&out)
	}
	fmt.Fprintln(&out, sum(result, counts, opts))
	_, err := w.Write(out.Bytes())
	return err
}

func findingText(out *bytes.Buffer, f check.Finding, opts TextOptions) {
	place := placeOf(&f) + ":"
	first := text.Wrap(opts.Width, plain.Line(fmt.Sprintf("%s %s %s: %s", place, f.Action, f.Rule, f.Message)), "", "    ")
	if opts.Color {
		painted := fmt.Sprintf("%s %s%s%s", place, paint[f.Action], f.Action, reset)
		first = strings.Replace(first, place+" "+string(f.Action), painted, 1)
	}
	fmt.Fprintln(out, first)
	if about := about(f); about != "" {
		fmt.Fprintln(out, text.Wrap(opts.Width, about, "  in:        ", hang))
	}
	fmt.Fprintln(out, text.Wrap(opts.Width, plain.Line(f.Symptom), "  otherwise: ", hang))
	fmt.Fprintln(out, text.Wrap(opts.Width, plain.Line(f.Remediation), "  fix:       ", hang))
}

// FindingLine is a finding in one line: where it is, what it is about, and what is wrong.
func FindingLine(f check.Finding) string {
	text := placeOf(&f) + ": "
	if about := about(f); about != "" {
		text += about + ": "
	}
	return plain.Line(text + f.Message)
}

func exemptedText(out *bytes.Buffer, x check.Exempted, width int) {
	place := placeOf(&x.Finding) + ":"
	fmt.Fprintln(out, text.Wrap(width, plain.Line(fmt.Sprintf("%s exempted %s: %s", place, x.Rule, x.Message)), "", "    "))
	fmt.Fprintln(out, text.Wrap(width, plain.Line(fmt.Sprintf("%s: %s", x.By, x.Reason)), "  by:        ", hang))
}

// hang is under the text of an indented line.
const hang = "             "

// inFile says that a finding is on a file, and not on an object of a cluster.
func inFile(f *check.Finding) bool { return f.File != "" }

// placeOf is where a finding is: a place in a file, or an object as kind/namespace/name.
func placeOf(f *check.Finding) string {
	if inFile(f) {
		return fmt.Sprintf("%s:%d:%d", FileName(f.File), f.Line, f.Column)
	}
	return objectName(f.Object)
}

// groupOf is what findings are shown together by.
func groupOf(f *check.Finding) string {
	if inFile(f) {
		return f.File
	}
	return f.Object.Namespace
}

// objectName names an object of a cluster: kind/namespace/name, or kind/name of one without a namespace.
func objectName(o check.Object) string {
	parts := []string{o.Kind, o.Namespace, o.Name}
	return plain.Line(strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "/"))
}

// about names the object and the field. An object that is the place itself is not named again.
func about(f check.Finding) string {
	var parts []string
	switch {
	case f.Within != check.Object{}:
		part := f.Within.Kind + " " + f.Within.Name
		if f.Alike > 0 {
			part += " and " + text.Count(f.Alike, "other")
		}
		parts = append(parts, part)
	case inFile(&f) && f.Object.Kind != "":
		name := f.Object.Name
		if f.Object.Namespace != "" {
			name = f.Object.Namespace + "/" + name
		}
		parts = append(parts, strings.TrimSpace(f.Object.Kind+" "+name))
	}
	if f.Path != "" {
		parts = append(parts, f.Path)
	}
	if f.Source != "" {
		parts = append(parts, "made from "+f.Source)
	}
	return plain.Line(strings.Join(parts, ", "))
}

// sum is the last line.
func sum(result *check.Result, counts map[rules.Action]int, opts TextOptions) string {
	var parts []string
	for _, action := range []rules.Action{rules.Deny, rules.Warn} {
		if counts[action] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[action], action))
		}
	}
	if n := counts[rules.Audit]; n > 0 {
		part := fmt.Sprintf("%d audit", n)
		if !opts.Verbose {
			part += " (-v shows them)"
		}
		parts = append(parts, part)
	}
	if n := len(result.Exempted); n > 0 {
		part := fmt.Sprintf("%d exempted", n)
		if !opts.Verbose {
			part += " (-v shows them)"
		}
		parts = append(parts, part)
	}
	if result.Known > 0 {
		parts = append(parts, fmt.Sprintf("%d in the baseline", result.Known))
	}
	line := fmt.Sprintf("Checked %s in %s: ", text.Count(result.Objects, "object"), text.Count(result.Files, "file"))
	if result.Live {
		line = fmt.Sprintf("Checked %s of the cluster: ", text.Count(result.Objects, "object"))
		if result.Made > 0 {
			line = fmt.Sprintf("Checked %s of the cluster, and %d by what makes them: ", text.Count(result.Objects, "object"), result.Made)
		}
	}
	if len(parts) == 0 {
		line += "nothing found"
	} else {
		line += strings.Join(parts, ", ")
	}
	skipped := 0
	for _, n := range result.Skipped.Kinds {
		skipped += n
	}
	if skipped > 0 {
		kinds := slices.SortedFunc(maps.Keys(result.Skipped.Kinds), func(a, b string) int {
			return cmp.Or(cmp.Compare(result.Skipped.Kinds[b], result.Skipped.Kinds[a]), cmp.Compare(a, b))
		})
		const named = 3
		names := strings.Join(kinds[:min(named, len(kinds))], ", ")
		if len(kinds) > named {
			names += ", …"
		}
		line += fmt.Sprintf("; skipped %s of other kinds (%s)", text.Count(skipped, "object"), names)
	}
	if n := result.Skipped.Documents; n > 0 {
		line += "; skipped " + text.Count(n, "document") + map[bool]string{true: " that is not an API object", false: " that are not API objects"}[n == 1]
	}
	if unread := result.Skipped.Unread(); unread != "" {
		line += "; not read: " + unread
	}
	return text.Wrap(opts.Width, plain.Line(line), "", "  ")
}

// FileName is how a file is called in front of a person.
func FileName(path string) string {
	if path == manifests.Stdin {
		return "<stdin>"
	}
	return plain.Line(path)
}

var paint = map[rules.Action]string{rules.Deny: "\x1b[1;31m", rules.Warn: "\x1b[1;33m", rules.Audit: "\x1b[2m"}
