// SPDX-License-Identifier: Apache-2.0

package output

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/moorage-k8s/moorage/check"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// FindingsJUnit writes findings as the failures of a test report; audit findings, if asked for, are skipped tests. Where nothing was found there
// is one test, which passed, as readers take a report without tests for a run that failed.
func FindingsJUnit(w io.Writer, result *check.Result, verbose bool) error {
	suite := junitSuite{Name: "moorage check"}
	for i := range result.Findings {
		f := &result.Findings[i]
		if f.Action == rules.Audit && !verbose {
			continue
		}
		c := junitCase{
			Name: plain.Line(placeOf(f) + " " + f.Rule), Classname: "moorage." + f.Rule,
		}
		if inFile(f) {
			c.File, c.Line = filepath.ToSlash(FileName(f.File)), f.Line
		}
		if f.Action == rules.Audit {
			c.Skipped = &junitSkipped{plain.Line(f.Message)}
			suite.Skipped++
		} else {
			c.Failure = &junitFailure{
				Message: plain.Line(f.Message), Type: string(f.Action),
				Text: fmt.Sprintf("%s\nOtherwise: %s\nFix: %s\n", plain.Line(about(*f)), plain.Line(f.Symptom), plain.Line(f.Remediation)),
			}
			suite.Failures++
		}
		suite.Cases = append(suite.Cases, c)
	}
	return suite.write(w, fmt.Sprintf("objects checked: %d", result.Objects))
}
