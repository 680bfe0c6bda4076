// SPDX-License-Identifier: Apache-2.0

package printers

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/extender/decisions"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/topology"
)

// ExplainOutputs are the forms that explanations can be written in.
var ExplainOutputs = []string{"text", "wide", "json", "yaml"}

// Decided is what a running moorage answered about a pod.
type Decided struct {
	// Asked tells that one was asked.
	Asked     bool
	Decisions []decisions.Decision
}

// Explanation writes why a pod could land where it could, and what was decided about it.
func Explanation(w io.Writer, e *explain.Explanation, decided Decided, output string, color bool) error {
	if output == "text" || output == "wide" {
		var out bytes.Buffer
		explanationText(&out, e, output == "wide", color)
		if decided.Asked {
			fmt.Fprintln(&out)
			decisionsText(&out, decided.Decisions)
		}
		_, err := w.Write(out.Bytes())
		return err
	}
	value := struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		*explain.Explanation
		Decisions []decisions.Decision `json:"decisions,omitempty"`
	}{apiVersion, "Explanation", e, decided.Decisions}
	return writeExplained(w, output, value)
}

func writeExplained(w io.Writer, output string, value any) error {
	if output != "json" && output != "yaml" {
		return fmt.Errorf("output %q: want text, wide, json or yaml", output)
	}
	return write(w, output, value, nil)
}

func explanationText(out *bytes.Buffer, e *explain.Explanation, wide, color bool) {
	verdict := ": "
	if !e.Fits && !e.Held {
		verdict = " fits nowhere: "
	}
	headline(out, fmt.Sprintf("Pod %s/%s%s%s.", e.Pod.Namespace, e.Pod.Name, verdict, e.Headline), e.Fits, color)
	if len(e.Changes) > 0 {
		fmt.Fprint(out, "\nWhat would help (tried out on this picture of the cluster, each by itself):\n")
		for i, c := range e.Changes {
			fmt.Fprintln(out, wrap(plain.Line(c.What), fmt.Sprintf("  %d. ", i+1), "     "))
		}
	} else if !e.Fits && len(e.Constraints) > 0 {
		fmt.Fprint(out, "\nNo single change that moorage knows how to try would help, and no two.\n")
	}
	if e.Message != "" {
		fmt.Fprintf(out, "\n%s\n", wrap(plain.Line(e.Message), "kube-scheduler's words: ", "  "))
	}
	if e.Said != "" && !strings.HasPrefix(e.Said, strings.TrimSuffix(e.Message, ".")) {
		fmt.Fprintf(out, "%s\n", wrap(plain.Line(e.Said), "kube-scheduler said:    ", "  "))
	}
	if len(e.Volumes) > 0 {
		fmt.Fprintln(out)
		volumesText(out, e)
	}
	for _, u := range e.Undecided {
		if e.Held {
			break
		}
		fmt.Fprintln(out, wrap(plain.Line(u.Detail), "Not decided, so it refuses no node: ", "  "))
	}
	if len(e.Constraints) > 0 {
		fmt.Fprintln(out)
		constraintsText(out, e)
	}
	if len(e.Nodes) > 0 && !e.Held {
		fmt.Fprintln(out)
		groupsText(out, e)
	}
	if wide && e.Fits {
		fmt.Fprintln(out)
		scoresText(out, e)
	}
	if len(e.Reservations) > 0 {
		fmt.Fprintln(out)
		reservationsText(out, "Reserved in these classes for other pods, and not yet seen in the pools' capacity", e.Reservations)
	}
	if len(e.Uncertain) > 0 {
		fmt.Fprintln(out)
		reservationsText(out, uncertain, e.Uncertain)
	}
	fmt.Fprintln(out)
	knownText(out, &e.Known)
}

const (
	bold      = "\x1b[1m"
	boldRed   = "\x1b[1;31m"
	boldGreen = "\x1b[1;32m"
)

// headline writes the first sentence, with its first letter as it is.
func headline(out *bytes.Buffer, text string, good, color bool) {
	text = wrap(plain.Line(text), "", "  ")
	switch {
	case !color:
	case good:
		text = boldGreen + text + reset
	default:
		text = boldRed + text + reset
	}
	fmt.Fprintln(out, text)
}

func volumesText(out *bytes.Buffer, e *explain.Explanation) {
	rows := [][]string{{"VOLUME", "CLAIM", "STATE", "CLASS", "SIZE", "BY ITSELF"}}
	for i := range e.Volumes {
		v := &e.Volumes[i]
		size := "-"
		if v.Bytes > 0 {
			size = explain.Size(v.Bytes)
		}
		rows = append(rows, []string{v.Volume, orDash(v.Claim), v.State, orDash(v.Class), size, v.Where})
	}
	columns(out, rows)
}

func constraintsText(out *bytes.Buffer, e *explain.Explanation) {
	rows := [][]string{{"REFUSED", "ONLY BY IT", "VOLUME", "CONSTRAINT"}}
	constraints := slices.Clone(e.Constraints)
	slices.SortStableFunc(constraints, func(a, b explain.Constraint) int { return cmp.Compare(b.Nodes, a.Nodes) })
	for i := range constraints {
		c := &constraints[i]
		rows = append(rows, []string{fmt.Sprint(c.Nodes), fmt.Sprint(c.Alone), cmp.Or(c.Volume, "all"), c.Predicate + ": " + c.Detail})
	}
	columns(out, rows)
}

// mostGroups is how many groups of nodes are shown, so that the text stays on a screen.
const mostGroups = 8

func groupsText(out *bytes.Buffer, e *explain.Explanation) {
	groups := e.Groups()
	rows := [][]string{{"NODES", "ZONE", "SCORE", "WHICH, AND WHY NOT"}}
	for i := range groups {
		g := &groups[i]
		if i == mostGroups {
			nodes := 0
			for _, rest := range groups[i:] {
				nodes += len(rest.Nodes)
			}
			rows = append(rows, []string{fmt.Sprint(nodes), "", "", fmt.Sprintf("in %d more groups; -o json tells all", len(groups)-i)})
			break
		}
		rows = append(rows, []string{fmt.Sprint(len(g.Nodes)), orDash(g.Zone), scoreRange(e, g), groupText(g)})
	}
	columns(out, rows)
}

func scoreRange(e *explain.Explanation, g *explain.Group) string {
	switch {
	case !g.Fits:
		return "no"
	case len(e.Scorers) == 0:
		return "-"
	case g.Lowest == g.Highest:
		return fmt.Sprint(g.Lowest)
	default:
		return fmt.Sprintf("%d-%d", g.Lowest, g.Highest)
	}
}

func groupText(g *explain.Group) string {
	const half = 50
	text := some(g.Nodes, half)
	if len(g.For) > 0 {
		text += " (" + strings.Join(g.For, ", ") + ")"
	}
	for _, note := range slices.Sorted(maps.Keys(g.Notes)) {
		text += fmt.Sprintf("; %d %s", g.Notes[note], note)
	}
	return text
}

// mostScored is how many nodes are shown with their scores.
const mostScored = 40

func scoresText(out *bytes.Buffer, e *explain.Explanation) {
	rows := [][]string{append(append([]string{"NODE", "ZONE", "SCORE"}, e.Scorers...), "NOTE")}
	var fit []*explain.Node
	for i := range e.Nodes {
		if e.Nodes[i].Fits {
			fit = append(fit, &e.Nodes[i])
		}
	}
	slices.SortStableFunc(fit, func(a, b *explain.Node) int { return cmp.Compare(*b.Score, *a.Score) })
	for i, n := range fit {
		if i == mostScored {
			break
		}
		row := []string{n.Name, orDash(n.Zone), map[bool]string{true: "-", false: fmt.Sprint(*n.Score)}[len(e.Scorers) == 0]}
		for _, scorer := range e.Scorers {
			row = append(row, fmt.Sprintf("%.2f", n.Scores[scorer]))
		}
		note := n.Note
		if n.Demoted {
			note = strings.TrimPrefix(note+", demoted", ", ")
		}
		rows = append(rows, append(row, note))
	}
	columns(out, rows)
	if rest := len(fit) - mostScored; rest > 0 {
		fmt.Fprintf(out, "… and %s more with lower scores or later names; -o json tells all\n", plural(rest, "node"))
	}
}

// uncertain heads reservations that nobody can be sure of.
const uncertain = "Perhaps reserved as well; it may already be in the published capacity, and rules out no node"

// mostReserved is how many reservations are shown.
const mostReserved = 5

func reservationsText(out *bytes.Buffer, head string, reservations []explain.Reservation) {
	var sum int64
	for i := range reservations {
		sum = topology.AddBytes(sum, reservations[i].Bytes)
	}
	fmt.Fprintln(out, wrap(fmt.Sprintf("%s: %s for %s", head, explain.Size(sum), plural(len(reservations), "claim")), "", "  "))
	rows := [][]string{{"CLAIM", "CLASS", "SIZE", "NODE"}}
	for i := range reservations {
		r := &reservations[i]
		if i == mostReserved {
			rows = append(rows, []string{fmt.Sprintf("… %d more", len(reservations)-i), "", "", ""})
			break
		}
		rows = append(rows, []string{r.Claim.Namespace + "/" + r.Claim.Name, r.Class, explain.Size(r.Bytes), r.Node})
	}
	columns(out, rows)
}

func knownText(out *bytes.Buffer, k *explain.Known) {
	age := "read just now"
	if k.AgeSeconds > 0 {
		age = "as of " + ago(time.Duration(k.AgeSeconds)*time.Second) + " ago"
	}
	if k.Time != nil {
		age = "as it was at " + k.Time.UTC().Format(time.RFC3339)
		if k.AgeSeconds > 0 {
			age += ", " + ago(time.Duration(k.AgeSeconds)*time.Second) + " ago"
		}
	}
	fmt.Fprintln(out, wrap(fmt.Sprintf("Known from %s, %s: %s, %s, %s, %s, %s with volumes.", k.Source, age,
		plural(k.Nodes, "node"), plural(k.Volumes, "volume"), plural(k.Claims, "claim"), plural(k.Pools, "pool"), plural(k.Pods, "pod")), "", "  "))
}

// ago is a time in its largest unit.
func ago(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return plural(int(d.Seconds()), "second")
	case d < 2*time.Hour:
		return plural(int(d.Minutes()), "minute")
	case d < 48*time.Hour:
		return plural(int(d.Hours()), "hour")
	default:
		return plural(int(d.Hours()/24), "day")
	}
}

func orDash(s string) string { return cmp.Or(s, "-") }
