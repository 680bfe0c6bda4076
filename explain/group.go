// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Group is nodes of one zone of which the same is said. Thousands of nodes make a handful of groups.
type Group struct {
	Zone string
	Fits bool
	// For are the constraints that refuse the nodes, as 'volume: predicate' or the predicate alone.
	For []string
	// Lowest and Highest are the scores of nodes that fit.
	Lowest, Highest int
	Nodes           []string
	// Notes counts what else could keep pods away, by note.
	Notes map[string]int
}

// Groups gathers the nodes, those that fit first, then the larger groups first.
func (e *Explanation) Groups() []Group {
	byKey := map[string]*Group{}
	for i := range e.Nodes {
		n := &e.Nodes[i]
		key := fmt.Sprint(n.Zone, "\x00", n.causes)
		g := byKey[key]
		if g == nil {
			g = &Group{Zone: n.Zone, Fits: n.Fits, Notes: map[string]int{}}
			for _, c := range n.causes {
				if short := e.Constraints[c].short(); !slices.Contains(g.For, short) {
					g.For = append(g.For, short)
				}
			}
			if n.Fits {
				g.Lowest, g.Highest = *n.Score, *n.Score
			}
			byKey[key] = g
		}
		g.Nodes = append(g.Nodes, n.Name)
		if n.Note != "" {
			g.Notes[n.Note]++
		}
		if n.Fits {
			g.Lowest, g.Highest = min(g.Lowest, *n.Score), max(g.Highest, *n.Score)
		}
	}
	groups := make([]Group, 0, len(byKey))
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		groups = append(groups, *byKey[key])
	}
	slices.SortStableFunc(groups, func(a, b Group) int {
		if a.Fits != b.Fits {
			return map[bool]int{true: -1, false: 1}[a.Fits]
		}
		return cmp.Or(cmp.Compare(b.Highest, a.Highest), cmp.Compare(len(b.Nodes), len(a.Nodes)),
			cmp.Compare(a.Zone, b.Zone), cmp.Compare(strings.Join(a.For, ","), strings.Join(b.For, ",")))
	})
	return groups
}

func (c *Constraint) short() string {
	if c.Volume == "" {
		return c.Predicate
	}
	return c.Volume + ": " + c.Predicate
}
