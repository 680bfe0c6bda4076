// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/moorage-k8s/moorage/check"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// FindingsGitHub writes findings as workflow commands, which GitHub shows beside the lines of a pull request. Audit findings
// are notices, if asked for.
func FindingsGitHub(w io.Writer, result *check.Result, verbose bool) error {
	var out bytes.Buffer
	// What is hidden is shown first: the log and the page of a pull request are for people. Other runners read the same lines.
	escape := strings.NewReplacer("%", "%25", "\n", "%0A")
	escapeProperty := strings.NewReplacer("%", "%25", ":", "%3A", ",", "%2C")
	data := func(lines ...string) string {
		for i := range lines {
			lines[i] = plain.Quiet(lines[i])
		}
		return escape.Replace(strings.Join(lines, "\n"))
	}
	property := func(s string) string { return escapeProperty.Replace(plain.Quiet(s)) }
	for _, f := range result.Findings {
		command := "warning"
		switch f.Action {
		case rules.Deny:
			command = "error"
		case rules.Audit:
			if !verbose {
				continue
			}
			command = "notice"
		case rules.Warn, rules.Off:
		}
		if !inFile(&f) {
			fmt.Fprintf(&out, "::%s title=%s::%s\n", command, property(f.Rule),
				data(placeOf(&f)+": "+f.Message, "Otherwise: "+f.Symptom, "Fix: "+f.Remediation))
			continue
		}
		fmt.Fprintf(&out, "::%s file=%s,line=%d,col=%d,title=%s::%s\n", command, property(filepath.ToSlash(FileName(f.File))), f.Line, f.Column,
			property(f.Rule), data(f.Message, "Otherwise: "+f.Symptom, "Fix: "+f.Remediation))
	}
	if unread := result.Skipped.Unread(); unread != "" {
		fmt.Fprintf(&out, "::warning title=moorage check::%s\n", data("Not read: "+unread))
	}
	_, err := plain.Raw(w).Write(out.Bytes())
	return err
}
