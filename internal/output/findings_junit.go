// SPDX-License-Identifier: Apache-2.0

package output

import (
	"encoding/xml"
	"fmt"
	"io"
	"path/filepath"

	"github.com/moorage-k8s/moorage/check"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// What readers of JUnit's reports agree on (github.com/testmoapp/junitxml).
type (
	junitSuites struct {
		XMLName  xml.Name   `xml:"testsuites"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Suite    junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name      string        `xml:"name,attr"`
		Classname string        `xml:"classname,attr"`
		File      string        `xml:"file,attr,omitempty"`
		Line      int           `xml:"line,attr,omitempty"`
		Failure   *junitFailure `xml:"failure,omitempty"`
		Skipped   *junitSkipped `xml:"skipped,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
	junitSkipped struct {
		Message string `xml:"message,attr"`
	}
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
	if len(suite.Cases) == 0 {
		suite.Cases = []junitCase{{Name: fmt.Sprintf("objects checked: %d", result.Objects), Classname: "moorage"}}
	}
	suite.Tests = len(suite.Cases)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(junitSuites{Tests: suite.Tests, Failures: suite.Failures, Suite: suite}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
