// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/simulate"
)

// DrainPlan is an order in which nodes can be drained.
type DrainPlan struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Feasible reports whether every node can be drained without a node more.
	Feasible bool `json:"feasible"`
	// Steps are in the order in which the nodes are drained, after all of them have been cordoned.
	Steps []simulate.Step `json:"steps"`
	// Stuck are nodes that cannot be drained, even with a node more.
	Stuck []StuckNode `json:"stuck,omitempty"`
	// Stay are pods that are not placed again, Bare those that nobody creates again, Emptied those that lose a directory of theirs.
	Stay    []simulate.Stay `json:"stay,omitempty"`
	Bare    []string        `json:"bare,omitempty"`
	Emptied []string        `json:"emptied,omitempty"`
	// Untried is how many nodes were left when the work became too much.
	Untried int `json:"untried,omitempty"`
	// Unknown is what was left open.
	Unknown []string      `json:"unknown,omitempty"`
	Known   explain.Known `json:"known"`
}

// StuckNode is a node that cannot be drained, and the pod for which it cannot.
type StuckNode struct {
	Node  string      `json:"node"`
	Zone  string      `json:"zone,omitempty"`
	Pod   string      `json:"pod"`
	Why   string      `json:"why"`
	Lacks []NodeLacks `json:"lacks,omitempty"`
}

// DrainPlanOf puts a plan into words.
func DrainPlanOf(p *simulate.Plan) *DrainPlan {
	out := &DrainPlan{
		APIVersion: apiVersion, Kind: "DrainPlan", Feasible: p.Feasible, Steps: p.Steps, Stay: p.Stay, Bare: p.Bare, Emptied: p.Emptied,
		Untried: p.Untried, Unknown: p.Unknown, Known: p.Known,
	}
	if p.BudgetsUnread != "" {
		out.Unknown = append(out.Unknown, "PodDisruptionBudgets could not be read: "+p.BudgetsUnread)
	}
	for i := range p.Stuck {
		s := &p.Stuck[i]
		n := StuckNode{Node: s.Node, Zone: s.Zone, Pod: s.Pod.String(), Why: refused(s.Refused)}
		if s.Unplaced != nil {
			n.Why = why(s.Unplaced)
			n.Lacks = nodeLacks(s.Unplaced.Nowhere)
		}
		out.Stuck = append(out.Stuck, n)
	}
	return out
}

func refused(r *simulate.Refusal) string {
	switch {
	case r == nil:
		return ""
	case r.Two:
		return fmt.Sprintf("it is under %d PodDisruptionBudgets (%s), and the API server evicts no such pod", len(r.Budgets), text.And(r.Budgets))
	default:
		return fmt.Sprintf("PodDisruptionBudget %s allows none of its pods to be away", text.And(r.Budgets))
	}
}

// WriteDrainPlan writes an order in which nodes can be drained. The selector is that of the nodes, as it was given.
func WriteDrainPlan(w io.Writer, p *simulate.Plan, selector, output string, color bool) error {
	value := DrainPlanOf(p)
	return writeExplained(w, output, value, func(out *bytes.Buffer, wide bool) { drainPlanText(out, value, selector, wide, color) })
}

// mostSteps is how many steps are shown, unless all are asked for.
const mostSteps = 40

func drainPlanText(out *bytes.Buffer, p *DrainPlan, selector string, wide, color bool) {
	headline(out, drainHeadline(p), p.Feasible, color)
	if len(p.Stuck) > 0 {
		rows := [][]string{{"NOT TO BE DRAINED", "POD", "BECAUSE"}}
		for i, s := range p.Stuck {
			if i == mostPools && !wide {
				rows = append(rows, []string{fmt.Sprintf("… %d more", len(p.Stuck)-i), "", "-o wide tells all"})
				break
			}
			rows = append(rows, []string{s.Node, s.Pod, s.Why})
		}
		fmt.Fprintln(out)
		text.Table(out, width, rows)
	}
	for i := range p.Stuck {
		if s := &p.Stuck[i]; s.Lacks != nil && (wide || i == 0) {
			fmt.Fprintf(out, "\nNode by node, for %s:\n", s.Pod)
			lacksText(out, lacking(s.Lacks))
		}
	}
	if len(p.Steps) > 0 {
		fmt.Fprintf(out, "\nCordon all of them first, so that no pod moves twice: kubectl cordon -l '%s'\n\n", selector)
		text.Table(out, width, stepRows(p, wide))
	}
	drainNotes(out, p)
	if len(p.Unknown) > 0 {
		fmt.Fprintf(out, "\n%s\n", text.Wrap(width, "Not known: "+strings.Join(p.Unknown, "; ")+".", "", "  "))
	}
	fmt.Fprintln(out)
	knownText(out, &p.Known)
}

func drainHeadline(p *DrainPlan) string {
	all := len(p.Steps) + len(p.Stuck) + p.Untried
	var more []string
	for i := range p.Steps {
		if p.Steps[i].Add != "" {
			more = append(more, fmt.Sprintf("add a node like %s before step %d", p.Steps[i].Add, i+1))
		}
	}
	said := fmt.Sprintf("All %s can be drained in this order: each step finds a place for its pods.", text.Count(all, "node"))
	if len(p.Stuck)+p.Untried > 0 {
		said = fmt.Sprintf("%d of %s can be drained in this order, %d cannot.", len(p.Steps), text.Count(all, "node"), len(p.Stuck))
		if p.Untried > 0 {
			said = fmt.Sprintf("%d of %s can be drained in this order, %d cannot, and %d were not tried, as it is too much work: choose fewer.",
				len(p.Steps), text.Count(all, "node"), len(p.Stuck), p.Untried)
		}
	}
	if len(more) > 0 {
		said = strings.TrimSuffix(said, ".") + ", if you " + text.Fit(more, width) + "."
	}
	return said
}

func stepRows(p *DrainPlan, wide bool) [][]string {
	rows := [][]string{{"STEP", "NODE", "ZONE", "PODS", "WHERE THEY GO"}}
	for i := range p.Steps {
		s := &p.Steps[i]
		if i == mostSteps && !wide {
			rows = append(rows, []string{"…", fmt.Sprintf("%d more", len(p.Steps)-i), "", "", "-o wide tells all"})
			break
		}
		if s.Add != "" {
			rows = append(rows, []string{"", "add a node like " + s.Add, orDash(s.Zone), "", "else pod " + s.Because + " finds no place"})
		}
		goes := make([]string, len(s.Pods))
		for k := range s.Pods {
			goes[k] = podNamed(s.Pods[k].Namespace, s.Pods[k].Name) + " → " + s.Pods[k].Node
		}
		where := strings.Join(goes, ", ")
		if !wide {
			where = text.Fit(goes, width/2)
		}
		rows = append(rows, []string{fmt.Sprint(i + 1), s.Node, orDash(s.Zone), fmt.Sprint(len(s.Pods)), orDash(where)})
	}
	return rows
}

// drainNotes tells of pods that are not what a person may expect of them.
func drainNotes(out *bytes.Buffer, p *DrainPlan) {
	stay := &Simulation{Stay: p.Stay}
	stayText(out, stay)
	say := func(names []string, format string) {
		if len(names) > 0 {
			fmt.Fprintf(out, "\n%s\n", text.Wrap(width, fmt.Sprintf(format, text.Count(len(names), "pod"), text.First(names, 2, len(names))), "", "  "))
		}
	}
	say(p.Bare, "Nobody creates %s again (%s), for lack of a controller: kubectl drain leaves such a pod unless it is given --force, and then it is gone.")
	say(p.Emptied, "What is in a directory of its own (emptyDir) is lost of %s (%s): kubectl drain asks for --delete-emptydir-data.")
}
