// SPDX-License-Identifier: Apache-2.0

package nodeset

import "slices"

// Groups are nodes grouped by the value of one label. Immutable and safe for concurrent use.
type Groups struct {
	index   *Index
	names   []string
	groupOf []int32
	// id tells these from every other.
	id uint64
}

// touchedGroups are the groups that a selector reaches, of those that were asked last. Immutable.
type touchedGroups struct {
	groups  uint64
	indexes []int32
}

// ValuesOn returns the values that the label has on the nodes of the set, sorted.
func (x *Index) ValuesOn(key string, on Set) []string {
	var values []string
	for value, nodes := range x.segmentsOf(key).values {
		if slices.ContainsFunc(nodes, func(i int32) bool { return on.Has(int(i)) }) {
			values = append(values, value)
		}
	}
	slices.Sort(values)
	return values
}

// GroupBy groups the nodes that have one of the values, which are sorted, of the label.
func (x *Index) GroupBy(key string, values []string) *Groups {
	g := &Groups{index: x, id: identities.Add(1), names: values, groupOf: make([]int32, x.Len())}
	for i := range g.groupOf {
		g.groupOf[i] = -1
	}
	for group, name := range values {
		for _, i := range x.segmentsOf(key).values[name] {
			g.groupOf[i] = int32(group)
		}
	}
	return g
}

// Len is the number of groups. They have the indexes 0 to Len-1, in the order of their names.
func (g *Groups) Len() int { return len(g.names) }

// Name is the label's value for the group.
func (g *Groups) Name(group int) string { return g.names[group] }

// Of returns the group of node i; negative if it is in none.
func (g *Groups) Of(i int) int { return int(g.groupOf[i]) }

// Touched returns the groups in which the selector matches a node, ascending. It must not be changed.
func (g *Groups) Touched(selector *Selector) []int32 {
	if selector != nil {
		if t := selector.touched.Load(); t != nil && t.groups == g.id {
			return t.indexes
		}
	}
	var out []int32
	for i := range g.index.Match(selector).All() {
		if group := g.groupOf[i]; group >= 0 && (len(out) == 0 || out[len(out)-1] != group) {
			out = append(out, group)
		}
	}
	slices.Sort(out)
	out = slices.Clip(slices.Compact(out))
	if selector != nil {
		selector.touched.Store(&touchedGroups{g.id, out})
	}
	return out
}
