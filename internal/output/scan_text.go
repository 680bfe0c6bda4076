// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/scan"
	"github.com/moorage-k8s/moorage/topology"
)

// ScanOptions say how findings are shown to a person.
type ScanOptions struct {
	Color bool
	// Width is how many columns a line fills, if its words allow; any number with 0. Lines is how many there are at most, unless all are asked for.
	Width, Lines int
	// All shows every finding in full: -o wide, or where sections or kinds were asked for.
	All bool
	// Command is what was typed, for how to see the rest.
	Command string
}

// sectionNames are how a person calls the sections.
var sectionNames = map[scan.Section]string{
	scan.DataAtRisk: "data at risk", scan.Stuck: "stuck", scan.WillStick: "will stick", scan.Waste: "waste", scan.Unwise: "unwise",
}

// ScanText writes findings for a person: the summary, then section by section, the worst first.
func ScanText(w io.Writer, r *ScanResult, o ScanOptions) error {
	var out bytes.Buffer
	headline(&out, scanHeadline(r), r.Summary.DataAtRisk+r.Summary.Stuck == 0, o.Color)
	left := o.Lines - 8
	for _, section := range []scan.Section{scan.WillStick, scan.Waste, scan.Unwise} {
		if n := r.Summary.Of(section); n > 0 {
			left -= 2 + min(n, mostKinds+1)
		}
	}
	for _, section := range scan.Sections {
		n := r.Summary.Of(section)
		if n == 0 {
			continue
		}
		fmt.Fprintf(&out, "\n%s (%d)\n", strings.ToUpper(sectionNames[section]), n)
		found := slices.DeleteFunc(slices.Clone(r.Findings), func(f ScanFinding) bool { return f.Section != section })
		if !o.All && section != scan.DataAtRisk && section != scan.Stuck {
			foldedText(&out, found, o.Width)
			continue
		}
		shown := 0
		groups := alikeFindings(found)
		for i := range groups {
			entry := findingEntry(groups[i], r, o)
			lines := strings.Count(entry, "\n")
			if !o.All && i > 0 && left < lines {
				break
			}
			left -= lines
			out.WriteString(entry)
			shown += len(groups[i])
		}
		if rest := n - shown; rest > 0 {
			fmt.Fprintf(&out, "  and %d more: %s --only %s\n", rest, o.Command, section)
		}
	}
	for i := range r.Unknown {
		if i == 0 {
			fmt.Fprintln(&out)
		}
		fmt.Fprintln(&out, text.Wrap(o.Width, plain.Line(r.Unknown[i])+".", "Not looked for: ", "  "))
	}
	fmt.Fprintln(&out)
	if len(r.Findings) > 0 && !o.All {
		fmt.Fprintf(&out, "With evidence and remedies: %s -o wide. What each kind means: docs/scan.md\n", o.Command)
	}
	knownText(&out, &r.known)
	_, err := w.Write(out.Bytes())
	return err
}

// scanHeadline is the summary.
func scanHeadline(r *ScanResult) string {
	var parts []string
	for _, section := range scan.Sections {
		if n := r.Summary.Of(section); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, sectionNames[section]))
		}
	}
	if len(parts) == 0 {
		line := "Nothing was found: no data at risk, nothing stuck"
		if len(r.Unknown) > 0 {
			line += ", as far as was looked"
		}
		return line + "."
	}
	return "Found: " + strings.Join(parts, ", ") + "."
}

// mostKinds is how many kinds of a mild section get a line each.
const mostKinds = 5

// foldedText tells a section with a line for each kind.
func foldedText(out *bytes.Buffer, found []ScanFinding, columns int) {
	by := map[string][]ScanFinding{}
	var ids []string
	for i := range found {
		id := found[i].ID
		if by[id] == nil {
			ids = append(ids, id)
		}
		by[id] = append(by[id], found[i])
	}
	slices.SortStableFunc(ids, func(a, b string) int { return cmp.Compare(len(by[b]), len(by[a])) })
	var rows [][]string
	rest, kinds := 0, 0
	for i, id := range ids {
		if i >= mostKinds {
			rest, kinds = rest+len(by[id]), kinds+1
			continue
		}
		rows = append(rows, []string{"  " + id, fmt.Sprint(len(by[id])), text.Few(by[id], func(f ScanFinding) string { return scanObject(f.Objects[0]) })})
	}
	if rest > 0 {
		rows = append(rows, []string{"  " + text.Count(kinds, "more kind"), fmt.Sprint(rest), ""})
	}
	text.Table(out, columns, rows)
}

// alikeFindings groups findings of one kind and cause, as for replicas of one template.
func alikeFindings(found []ScanFinding) [][]ScanFinding {
	var out [][]ScanFinding
	at := map[[2]string]int{}
	for i := range found {
		key := [2]string{found[i].ID, found[i].Cause}
		if j, met := at[key]; met {
			out[j] = append(out[j], found[i])
			continue
		}
		at[key] = len(out)
		out = append(out, []ScanFinding{found[i]})
	}
	return out
}

// findingEntry tells findings that are alike: what is wrong, whom it hurts, and what to type.
func findingEntry(group []ScanFinding, r *ScanResult, o ScanOptions) string {
	var out bytes.Buffer
	f := &group[0]
	line := f.ID
	if f.Since != nil && r.At != nil {
		line += " for " + duration.HumanDuration(max(r.At.Sub(f.Since.Time), 0))
	}
	line += ": "
	about := text.Few(group, func(f ScanFinding) string { return scanObject(f.Objects[0]) })
	if len(group) > 1 || !strings.Contains(f.Cause, f.Objects[0].Name) {
		line += about + ": "
	}
	line += f.Cause
	if hurts := hurtOthers(group); len(hurts) > 0 {
		line += "; hurts " + text.Few(hurts, scanObject)
	}
	fmt.Fprintln(&out, text.Wrap(o.Width, plain.Line(line), "  ", "    "))
	loses := ""
	if f.LosesData {
		loses = "  # the remedy can lose data: see -o wide"
		if words := losesData(f.ID); words != "" && o.All {
			loses = "  # " + words
		}
	}
	if o.All {
		for _, e := range f.Evidence {
			fmt.Fprintln(&out, text.Wrap(o.Width, plain.Line(e), "    known:  ", "            "))
		}
		fmt.Fprintln(&out, text.Wrap(o.Width, plain.Line(f.Remedy), "    remedy: ", "            "))
	}
	fmt.Fprintf(&out, "    $ %s%s\n", plain.Line(f.Command), loses)
	return out.String()
}

// hurtOthers are those that findings hurt, beside their roots, each once.
func hurtOthers(group []ScanFinding) []scan.Object {
	var out []scan.Object
	seen := map[scan.Object]bool{}
	for i := range group {
		seen[group[i].Objects[0]] = true
	}
	for i := range group {
		for _, o := range group[i].Hurts {
			if !seen[o] {
				seen[o] = true
				out = append(out, o)
			}
		}
	}
	return out
}

// losesData is what of a kind's remedy can lose data.
func losesData(id string) string {
	for _, k := range scan.Registry() {
		if k.ID == id {
			return strings.TrimSuffix(k.LosesData, ".")
		}
	}
	return ""
}

// scanKinds are how a sentence calls kinds of objects.
var scanKinds = map[topology.Kind]string{
	topology.KindPod: "pod", topology.KindClaim: "claim", topology.KindVolume: "volume", topology.KindNode: "node", topology.KindAttachment: "attachment",
	topology.KindClass: "class", topology.KindNamespace: "namespace", scan.ZoneKind: "zone", topology.KindPool: "pool", topology.KindVolumeSnapshotContent: "snapshot content",
}

// scanObject names an object in a sentence.
func scanObject(o scan.Object) string {
	kind := scanKinds[topology.Kind(o.Kind)]
	return cmp.Or(kind, o.Kind) + " " + topology.Key{Namespace: o.Namespace, Name: o.Name}.String()
}

// ScanSideBySide writes how many findings each of several clusters has.
func ScanSideBySide(w io.Writer, results []*ScanResult, columns int) error {
	var out bytes.Buffer
	rows := [][]string{{"CLUSTER"}}
	for _, section := range scan.Sections {
		rows[0] = append(rows[0], strings.ToUpper(sectionNames[section]))
	}
	rows[0] = append(rows[0], "NOT LOOKED FOR")
	for _, r := range results {
		row := []string{r.Cluster}
		for _, section := range scan.Sections {
			row = append(row, fmt.Sprint(r.Summary.Of(section)))
		}
		row = append(row, orDash(plain.Line(strings.Join(r.Unknown, "; "))))
		rows = append(rows, row)
	}
	text.Table(&out, columns, rows)
	_, err := w.Write(out.Bytes())
	return err
}
