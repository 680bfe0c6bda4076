// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/moorage-k8s/moorage/extender/decisions"
	"github.com/moorage-k8s/moorage/internal/text"
)

// mostDecisions is how many are shown.
const mostDecisions = 8

// decisionsText tells what kube-scheduler was answered about the pod, the newest first.
func decisionsText(out *bytes.Buffer, decisions []decisions.Decision) {
	if len(decisions) == 0 {
		fmt.Fprintln(out, text.Wrap(width, "moorage remembers no question of kube-scheduler about this pod: it was not asked, as when kube-scheduler's own "+
			"plugins left no node, or has forgotten.", "", "  "))
		return
	}
	rows := [][]string{{"ANSWERED", "VERB", "ASKED", "LEFT", "WHAT"}}
	for i := range decisions {
		if i == mostDecisions {
			rows = append(rows, []string{fmt.Sprintf("… %d earlier", len(decisions)-i), "", "", "", "-o json tells all"})
			break
		}
		d := &decisions[i]
		rows = append(rows, []string{d.Time.UTC().Format("2006-01-02 15:04:05"), d.Verb, fmt.Sprint(d.Asked), fmt.Sprint(d.Passed), decisionText(d)})
	}
	text.Table(out, width, rows)
}

// shown is how many names are shown of one answer.
const shown = 3

func decisionText(d *decisions.Decision) string {
	var parts []string
	for i := range d.Refused {
		r := &d.Refused[i]
		what := r.Predicate
		if r.Volume != "" {
			what = r.Volume + ": " + what
		}
		parts = append(parts, fmt.Sprintf("%d refused by %s (%s)", r.Nodes, what, text.First(r.Names, shown, r.Nodes)))
	}
	if g := d.Group; g != nil {
		parts = append(parts, fmt.Sprintf("room for %d of the %d pods of scheduling group %s asked about so far", g.Room, g.Asked, g.Name))
	}
	if len(d.Best) > 0 {
		var best []string
		for _, b := range d.Best {
			if b.Score != nil {
				best = append(best, fmt.Sprintf("%s %d", b.Node, *b.Score))
			} else {
				best = append(best, b.Node)
			}
		}
		verb := "left: "
		if d.Verb == "prioritize" {
			verb = "best: "
		}
		parts = append(parts, verb+text.First(best, shown, d.Passed))
	}
	for _, u := range d.Undecided {
		parts = append(parts, "not decided: "+u)
	}
	return strings.Join(parts, "; ")
}
