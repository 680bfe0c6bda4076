// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// compare holds moorage's verdict against what the plugins ask of it, node by node.
func (j *Judge) compare(s *topology.Snapshot, pod *corev1.Pod, want map[string][]expectation, verdict *placement.Verdict) []Disagreement {
	var found []Disagreement
	for i := range s.NumNodes() {
		said := refusalsOf(verdict, i)
		differ := func(kind Kind, plugin string) {
			found = append(found, Disagreement{
				Kind: kind, Plugin: plugin, Pod: pod, Node: s.Node(i).Name, InTree: j.rulings(want, i), Moorage: describe(said),
			})
		}
		var refusing []string
		for _, plugin := range j.plugins {
			if want[plugin][i].Refused() && !want[plugin][i].open {
				refusing = append(refusing, plugin)
			}
		}
		open := 0
		for _, plugin := range Plugins {
			if !slices.Contains(j.plugins, plugin) || want[plugin][i].open {
				open++
			}
		}
		if len(refusing) > 0 && verdict.Feasible.Has(i) {
			differ(Lenient, refusing[0])
			continue
		}
		for _, e := range said {
			c, known := causes[e.Predicate]
			switch {
			case !known:
				differ(OtherCause, e.Predicate)
			case !slices.Contains(j.plugins, c.plugin) || want[c.plugin][i].open:
			case !want[c.plugin][i].Refused() && len(refusing) == 0:
				differ(Strict, c.plugin)
			case !want[c.plugin][i].Refused() || c.first && !want[c.plugin][i].gives(c):
				differ(OtherCause, c.plugin)
			}
		}
		// Where one plugin alone decides, moorage must have its cause and its code.
		if len(refusing) != 1 || open > 0 {
			continue
		}
		ruling := want[refusing[0]][i].Ruling
		refusal := verdict.Refusal(i)
		switch {
		case refusal == nil || !slices.ContainsFunc(said, func(e *placement.Elimination) bool { return ruling.gives(causes[e.Predicate]) }):
			differ(OtherCause, refusing[0])
		case outcomeOf(refusal.Reason.Code()) != ruling.Outcome:
			differ(OtherCode, refusing[0])
		}
	}
	return found
}

// gives reports whether the ruling rests on the cause.
func (r Ruling) gives(c cause) bool {
	return slices.ContainsFunc(r.Reasons, func(text string) bool {
		reason := reasonOf(c.plugin, text)
		return reason != nil && reason.Name == c.reason
	})
}

// refusalsOf are the eliminations that node i is in.
func refusalsOf(v *placement.Verdict, i int) []*placement.Elimination {
	var out []*placement.Elimination
	for e := range v.Eliminations {
		if v.Eliminations[e].Nodes.Has(i) {
			out = append(out, &v.Eliminations[e])
		}
	}
	return out
}

func (j *Judge) rulings(want map[string][]expectation, i int) string {
	var parts []string
	for _, plugin := range j.plugins {
		w := want[plugin][i]
		text := fmt.Sprintf("%s: %s", plugin, w.Outcome)
		if len(w.Reasons) > 0 {
			text += fmt.Sprintf(" (%s)", strings.Join(w.Reasons, "; "))
		}
		if w.open {
			text += " [not compared]"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

func describe(said []*placement.Elimination) string {
	if len(said) == 0 {
		return "accepted"
	}
	var parts []string
	for _, e := range said {
		parts = append(parts, fmt.Sprintf("%s: %s (%s)", e.Predicate, e.Reason.Code(), e.Reason))
	}
	return strings.Join(parts, ", ")
}
