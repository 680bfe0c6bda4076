// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/scan"
	"github.com/moorage-k8s/moorage/topology"
)

// ScanResults are those of several clusters.
type ScanResults struct {
	APIVersion string        `json:"apiVersion"`
	Kind       string        `json:"kind"`
	Items      []*ScanResult `json:"items"`
}

// ScanResultsOf puts the results of several clusters side by side.
func ScanResultsOf(items []*ScanResult) *ScanResults {
	return &ScanResults{APIVersion: apiVersion, Kind: "ScanResults", Items: items}
}

// WriteScanValue writes a result, or several, as JSON or YAML.
func WriteScanValue(w io.Writer, output string, value any) error {
	if output == "yaml" {
		return writeYAML(w, value)
	}
	return JSON(w, value)
}

// ScanMarkdown writes a report for a page or an issue.
func ScanMarkdown(w io.Writer, results []*ScanResult) error {
	var out bytes.Buffer
	for i, r := range results {
		if i > 0 {
			fmt.Fprintln(&out)
		}
		fmt.Fprintf(&out, "# Storage of %s\n\n", markdownText(r.Cluster))
		if r.At != nil {
			fmt.Fprintf(&out, "As of %s. ", r.At.UTC().Format(time.RFC3339))
		}
		fmt.Fprintf(&out, "%s\n\n| section | findings |\n|---|---|\n", markdownText(scanHeadline(r)))
		for _, section := range scan.Sections {
			fmt.Fprintf(&out, "| %s | %d |\n", sectionNames[section], r.Summary.Of(section))
		}
		for _, section := range scan.Sections {
			markdownSection(&out, r, section)
		}
		if len(r.Unknown) > 0 {
			fmt.Fprint(&out, "\n## Not looked for\n\n")
			for _, u := range r.Unknown {
				fmt.Fprintf(&out, "- %s\n", markdownText(u))
			}
		}
	}
	_, err := plain.Raw(w).Write(out.Bytes())
	return err
}

func markdownSection(out *bytes.Buffer, r *ScanResult, section scan.Section) {
	first := true
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Section != section {
			continue
		}
		if first {
			name := sectionNames[section]
			fmt.Fprintf(out, "\n## %s%s\n\n", strings.ToUpper(name[:1]), name[1:])
			first = false
		}
		fmt.Fprintf(out, "- **%s** %s: %s", f.ID, markdownText(scanObject(f.Objects[0])), markdownText(f.Cause))
		if hurts := hurtOthers([]ScanFinding{*f}); len(hurts) > 0 {
			var names []string
			for _, o := range hurts {
				names = append(names, scanObject(o))
			}
			fmt.Fprintf(out, "; hurts %s", markdownText(strings.Join(names, ", ")))
		}
		fmt.Fprintf(out, ".\n  %s.", markdownText(f.Remedy))
		if f.LosesData {
			fmt.Fprint(out, " **Data can be lost.**")
			if words := losesData(f.ID); words != "" {
				fmt.Fprintf(out, " %s.", markdownText(words))
			}
		}
		fmt.Fprintf(out, "\n  `%s`\n", strings.ReplaceAll(plain.Quiet(f.Command), "`", "'"))
	}
}

// markdownText is a text of which nothing is taken for markup.
func markdownText(s string) string {
	return markdownEscape.Replace(plain.Quiet(s))
}

var markdownEscape = strings.NewReplacer("\\", "\\\\", "`", "\\`", "*", "\\*", "_", "\\_", "[", "\\[", "]", "\\]", "<", "&lt;", ">", "&gt;", "|", "\\|", "#", "\\#", "@", "&#64;")

// ScanJUnit writes findings as a test report: those for which the command fails are failures, the others are skipped tests. Where nothing was found there
// is one test, which passed.
func ScanJUnit(w io.Writer, results []*ScanResult, fails func(scan.Section) bool) error {
	suite := junitSuite{Name: "moorage scan"}
	for _, r := range results {
		for i := range r.Findings {
			f := &r.Findings[i]
			name := topology.Key{Namespace: f.Objects[0].Namespace, Name: f.Objects[0].Name}.String()
			c := junitCase{Name: plain.Line(fmt.Sprintf("%s %s %s", f.ID, f.Objects[0].Kind, name)), Classname: "moorage." + string(f.Section)}
			if len(results) > 1 {
				c.Name += " in " + plain.Line(r.Cluster)
			}
			if fails(f.Section) {
				text := slices.Concat([]string{f.Cause}, f.Evidence, []string{"Remedy: " + f.Remedy, "Command: " + f.Command})
				if f.LosesData {
					text = append(text, "Data can be lost.")
				}
				for j := range text {
					text[j] = plain.Line(text[j])
				}
				c.Failure = &junitFailure{Message: plain.Line(f.Cause), Type: f.ID, Text: strings.Join(text, "\n") + "\n"}
				suite.Failures++
			} else {
				c.Skipped = &junitSkipped{plain.Line(f.Cause)}
				suite.Skipped++
			}
			suite.Cases = append(suite.Cases, c)
		}
		for _, u := range r.Unknown {
			suite.Cases = append(suite.Cases, junitCase{Name: "not looked for", Classname: "moorage.unknown", Skipped: &junitSkipped{plain.Line(u)}})
			suite.Skipped++
		}
	}
	return suite.write(w, "nothing was found")
}
