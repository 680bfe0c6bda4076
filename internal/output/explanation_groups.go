// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/text"
)

// nodeGroup is nodes of one zone of which the same is said. Thousands of nodes make a handful of groups.
type nodeGroup struct {
	zone string
	fits bool
	// why are the constraints that rule out the nodes, as 'volume: predicate' or the predicate alone.
	why []string
	// lowest and highest are the scores of nodes that fit.
	lowest, highest int
	nodes           []string
	// notes counts what else could keep pods away, by note.
	notes map[string]int
}

// groupsOf gathers the nodes, those that fit first, then the larger groups first.
func groupsOf(e *Explanation) []nodeGroup {
	byKey := map[string]*nodeGroup{}
	for i := range e.Nodes {
		n := &e.Nodes[i]
		filters := filtersOf(n)
		key := fmt.Sprint(n.Zone, "\x00", n.Causes, filters)
		g := byKey[key]
		if g == nil {
			g = &nodeGroup{zone: n.Zone, fits: n.Fits && len(filters) == 0, notes: map[string]int{}}
			for _, c := range n.Causes {
				if short := e.Constraints[c].short(); !slices.Contains(g.why, short) {
					g.why = append(g.why, short)
				}
			}
			g.why = append(g.why, filters...)
			if n.Fits {
				g.lowest, g.highest = *n.Score, *n.Score
			}
			byKey[key] = g
		}
		g.nodes = append(g.nodes, n.Name)
		if n.Note != "" {
			g.notes[n.Note]++
		}
		if n.Fits {
			g.lowest, g.highest = min(g.lowest, *n.Score), max(g.highest, *n.Score)
		}
	}
	groups := make([]nodeGroup, 0, len(byKey))
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		groups = append(groups, *byKey[key])
	}
	slices.SortStableFunc(groups, func(a, b nodeGroup) int {
		if a.fits != b.fits {
			return map[bool]int{true: -1, false: 1}[a.fits]
		}
		return cmp.Or(cmp.Compare(b.highest, a.highest), cmp.Compare(len(b.nodes), len(a.nodes)),
			cmp.Compare(a.zone, b.zone), cmp.Compare(strings.Join(a.why, ","), strings.Join(b.why, ",")))
	})
	return groups
}

// filtersOf are the filters of kube-scheduler that reject a node, each once.
func filtersOf(n *explain.Node) []string {
	var out []string
	for _, lack := range n.Lacks {
		if lack.By == byFilter && !slices.Contains(out, lack.Name) {
			out = append(out, lack.Name)
		}
	}
	return out
}

func (c *Constraint) short() string {
	if c.Volume == "" {
		return c.Predicate
	}
	return c.Volume + ": " + c.Predicate
}

// mostGroups is how many groups of nodes are shown, so that the text stays on a screen.
const mostGroups = 8

func groupsText(out *bytes.Buffer, e *Explanation) {
	groups := groupsOf(e)
	rows := [][]string{{"COUNT", "ZONE", "SCORE", "NODES"}}
	for i := range groups {
		g := &groups[i]
		if i == mostGroups {
			nodes := 0
			for _, rest := range groups[i:] {
				nodes += len(rest.nodes)
			}
			rows = append(rows, []string{fmt.Sprint(nodes), "", "", fmt.Sprintf("in %d more groups; -o json tells all", len(groups)-i)})
			break
		}
		rows = append(rows, []string{fmt.Sprint(len(g.nodes)), orDash(g.zone), scoreRange(e, g), groupText(g)})
	}
	text.Table(out, width, rows)
}

func scoreRange(e *Explanation, g *nodeGroup) string {
	switch {
	case !g.fits:
		return "no"
	case len(e.Scorers) == 0:
		return "-"
	case g.lowest == g.highest:
		return fmt.Sprint(g.lowest)
	default:
		return fmt.Sprintf("%d-%d", g.lowest, g.highest)
	}
}

func groupText(g *nodeGroup) string {
	const half = 50
	line := text.Fit(g.nodes, half)
	if len(g.why) > 0 {
		line += " (" + strings.Join(g.why, ", ") + ")"
	}
	for _, note := range slices.Sorted(maps.Keys(g.notes)) {
		line += fmt.Sprintf("; %d %s", g.notes[note], note)
	}
	return line
}
