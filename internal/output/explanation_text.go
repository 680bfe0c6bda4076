// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/text"
)

func explanationText(out *bytes.Buffer, e *Explanation, wide, color bool) {
	verdict := ": "
	waits := e.State == stateUnschedulable || e.State == stateSchedulable || e.State == stateUnbound
	pinned := e.Cause != nil && slices.Contains([]string{kindPinned, kindDriver, kindFailing}, e.Cause.Kind)
	if !e.Fits && waits && !e.Held && !e.unjudged && !pinned {
		verdict = " fits nowhere: "
	}
	headline(out, fmt.Sprintf("Pod %s/%s%s%s.", e.Pod.Namespace, e.Pod.Name, verdict, e.Headline), e.Fits, color)
	if e.Cause != nil && waits && slices.Contains([]string{ofFilters, ofBoth, unclear}, e.Cause.Kind) { // Of volumes the tables below tell all.
		lacksText(out, e)
	}
	var help []string
	for _, h := range e.Help {
		help = append(help, h.What)
	}
	if len(help) == 0 {
		for _, c := range e.Changes {
			help = append(help, c.What)
		}
	}
	switch {
	case len(help) > 0 && !waits && !e.Held:
		fmt.Fprint(out, "\nWhat to do:\n")
		for i, what := range help {
			fmt.Fprintln(out, text.Wrap(width, plain.Line(what), fmt.Sprintf("  %d. ", i+1), "     "))
		}
	case len(e.Help) > 0 && e.Help[0].Nodes == 0:
		helpText(out, e.Help)
	case len(help) > 0:
		fmt.Fprint(out, "\nWhat would help (each tried by itself on a copy of this cluster):\n")
		for i, what := range help {
			fmt.Fprintln(out, text.Wrap(width, plain.Line(what), fmt.Sprintf("  %d. ", i+1), "     "))
		}
	case !e.unjudged && !e.Fits && (waits || e.Held) && (len(e.Constraints) > 0 || e.Cause != nil):
		fmt.Fprint(out, "\nNo single change that moorage knows how to try would help, and no two.\n")
	}
	autoscalerText(out, e.Autoscaler)
	unknownText(out, e.Unknown)
	if e.Message != "" {
		fmt.Fprintf(out, "\n%s\n", text.Wrap(width, plain.Line(e.Message), "kube-scheduler's words: ", "  "))
	}
	if e.Said != "" && (e.Message == "" || !strings.HasPrefix(e.Said, strings.TrimSuffix(e.Message, "."))) {
		fmt.Fprintf(out, "%s\n", text.Wrap(width, plain.Line(e.Said), "kube-scheduler said:    ", "  "))
	}
	if len(e.Events) > 0 && e.State != "running" {
		fmt.Fprintln(out)
		eventsText(out, e.Events)
	}
	if len(e.Volumes) > 0 {
		fmt.Fprintln(out)
		volumesText(out, e)
	}
	for _, u := range e.Undecided {
		if e.Held {
			break
		}
		fmt.Fprintln(out, text.Wrap(width, plain.Line(u.Detail), "Not decided, so it rules out no node: ", "  "))
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

// helpText lists what would help, where it was not tried out.
func helpText(out *bytes.Buffer, help []Help) {
	if len(help) == 0 {
		return
	}
	fmt.Fprint(out, "\nWhat would help:\n")
	for i, h := range help {
		fmt.Fprintln(out, text.Wrap(width, plain.Line(h.What), fmt.Sprintf("  %d. ", i+1), "     "))
	}
}

func volumesText(out *bytes.Buffer, e *Explanation) {
	rows := [][]string{{"VOLUME", "CLAIM", "STATE", "CLASS", "SIZE", "FEASIBLE ON"}}
	for i := range e.Volumes {
		v := &e.Volumes[i]
		size := "-"
		if v.Bytes > 0 {
			size = text.Size(v.Bytes)
		}
		rows = append(rows, []string{v.Volume, orDash(v.Claim), v.State, orDash(v.Class), size, v.Where})
	}
	text.Table(out, width, rows)
}

func constraintsText(out *bytes.Buffer, e *Explanation) {
	rows := [][]string{{"RULED OUT", "UNIQUELY", "VOLUME", "CONSTRAINT"}}
	constraints := slices.Clone(e.Constraints)
	slices.SortStableFunc(constraints, func(a, b Constraint) int { return cmp.Compare(b.Nodes, a.Nodes) })
	for i := range constraints {
		c := &constraints[i]
		rows = append(rows, []string{fmt.Sprint(c.Nodes), fmt.Sprint(c.Alone), cmp.Or(c.Volume, "all"), c.Predicate + ": " + c.Detail})
	}
	text.Table(out, width, rows)
}

// mostScored is how many nodes are shown with their scores.
const mostScored = 40

func scoresText(out *bytes.Buffer, e *Explanation) {
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
	text.Table(out, width, rows)
	if rest := len(fit) - mostScored; rest > 0 {
		fmt.Fprintf(out, "… and %s more with lower scores or later names; -o json tells all\n", text.Count(rest, "node"))
	}
}
