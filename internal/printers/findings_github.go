// SPDX-License-Identifier: Apache-2.0

package printers

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/moorage-k8s/moorage/webhook/files"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// FindingsGitHub writes findings as workflow commands, which GitHub shows beside the lines of a pull request. Audit findings
// are notices, if asked for.
func FindingsGitHub(w io.Writer, result *files.Result, verbose bool) error {
	var out bytes.Buffer
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
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
		text := fmt.Sprintf("%s\nOtherwise: %s\nFix: %s", f.Message, f.Symptom, f.Remediation)
		fmt.Fprintf(&out, "::%s file=%s,line=%d,col=%d,title=%s::%s\n", command, property.Replace(filepath.ToSlash(FileName(f.File))), f.Line, f.Column,
			property.Replace(f.Rule), data.Replace(text))
	}
	if unread := result.Skipped.Unread(); unread != "" {
		fmt.Fprintf(&out, "::warning title=moorage check::%s\n", data.Replace("Not read: "+unread))
	}
	_, err := w.Write(out.Bytes())
	return err
}
