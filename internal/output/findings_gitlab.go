// SPDX-License-Identifier: Apache-2.0

package output

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

	"github.com/moorage-k8s/moorage/check"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// What GitLab reads of a code quality report (docs.gitlab.com/ci/testing/code_quality, 'Code Quality report format').
type (
	gitlabIssue struct {
		Description string         `json:"description"`
		CheckName   string         `json:"check_name"`
		Fingerprint string         `json:"fingerprint"`
		Severity    string         `json:"severity"`
		Location    gitlabLocation `json:"location"`
	}
	gitlabLocation struct {
		Path  string      `json:"path"`
		Lines gitlabLines `json:"lines"`
	}
	gitlabLines struct {
		Begin int `json:"begin"`
	}
)

var gitlabSeverity = map[rules.Action]string{rules.Deny: "critical", rules.Warn: "minor", rules.Audit: "info"}

// FindingsGitLab writes findings as a code quality report, audit findings included. Paths stay as they were given: GitLab wants them from the
// repository's root.
func FindingsGitLab(w io.Writer, result *check.Result) error {
	issues := make([]gitlabIssue, 0, len(result.Findings))
	seen := map[string]int{}
	for i := range result.Findings {
		f := &result.Findings[i]
		mark := f.Fingerprint()
		if seen[mark]++; seen[mark] > 1 {
			mark = fmt.Sprintf("%s-%d", mark, seen[mark])
		}
		path := objectName(f.Object)
		if inFile(f) {
			path = filepath.ToSlash(FileName(f.File))
		}
		issues = append(issues, gitlabIssue{
			Description: plain.Line(f.Message + ". Fix: " + f.Remediation), CheckName: f.Rule, Fingerprint: mark, Severity: gitlabSeverity[f.Action],
			Location: gitlabLocation{path, gitlabLines{max(f.Line, 1)}},
		})
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(issues)
}
