// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"maps"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
)

// nodeIndex is the static part of a Snapshot: which nodes there are, by dense index in the order of their names, and which
// of them each segment and each selector means. It is made anew when the set of nodes or a label changes, and shared by all
// snapshots until then. Sets are compiled when first asked for and kept; that is the only thing that changes in it, under
// its own lock, and it changes no answer.
type nodeIndex struct {
	names  []string
	labels []map[string]string
	byName map[string]int32
	all    NodeSet
	none   NodeSet

	segments  sync.Map // label key → *segments
	selectors sync.Map // *Selector → NodeSet
}

// segments is one label key: the nodes that carry it, and the nodes of each of its values.
type segments struct {
	has    NodeSet
	values map[string][]int32
}

func newNodeIndex(nodes []*Node) *nodeIndex {
	x := &nodeIndex{
		names:  make([]string, len(nodes)),
		labels: make([]map[string]string, len(nodes)),
		byName: make(map[string]int32, len(nodes)),
		all:    NewNodeSet(len(nodes)),
		none:   NewNodeSet(len(nodes)),
	}
	x.all.Fill()
	for i, n := range nodes {
		x.names[i], x.labels[i] = n.Name, n.Labels
		x.byName[n.Name] = int32(i)
	}
	return x
}

// warm compiles what the index before this one had compiled, so that no reader pays for a change of nodes.
func (x *nodeIndex) warm(before *nodeIndex) {
	before.selectors.Range(func(s, _ any) bool {
		x.match(s.(*Selector))
		return true
	})
}

func (x *nodeIndex) segmentsOf(key string) *segments {
	if s, ok := x.segments.Load(key); ok {
		return s.(*segments)
	}
	s := &segments{has: NewNodeSet(len(x.names)), values: map[string][]int32{}}
	for i, set := range x.labels {
		if v, ok := set[key]; ok {
			s.has.Add(i)
			s.values[v] = append(s.values[v], int32(i))
		}
	}
	kept, _ := x.segments.LoadOrStore(key, s)
	return kept.(*segments)
}

// match returns the nodes on which the selector holds, or cannot be decided.
func (x *nodeIndex) match(s *Selector) NodeSet {
	if s == nil || s.err != nil {
		return x.all
	}
	if set, ok := x.selectors.Load(s); ok {
		return set.(NodeSet)
	}
	set := NewNodeSet(len(x.names))
	var scratch NodeSet
	for i, term := range s.terms {
		if i == 0 {
			x.intersect(set, term)
			continue
		}
		if scratch.words == nil {
			scratch = NewNodeSet(len(x.names))
		}
		x.intersect(scratch, term)
		set.Or(scratch)
	}
	kept, _ := x.selectors.LoadOrStore(s, set)
	return kept.(NodeSet)
}

// intersect makes into the set of nodes that meet every requirement of the term.
func (x *nodeIndex) intersect(into NodeSet, term []labels.Requirement) {
	into.Fill()
	var scratch NodeSet
	for i := range term {
		r := &term[i]
		segs := x.segmentsOf(r.Key())
		switch r.Operator() {
		case selection.Exists:
			into.And(segs.has)
			continue
		case selection.DoesNotExist:
			into.AndNot(segs.has)
			continue
		}
		if scratch.words == nil {
			scratch = NewNodeSet(len(x.names))
		} else {
			scratch.Clear()
		}
		switch r.Operator() {
		case selection.In, selection.Equals, selection.DoubleEquals, selection.NotIn, selection.NotEquals:
			for _, v := range r.ValuesUnsorted() {
				scratch.addAll(segs.values[v])
			}
			if r.Operator() == selection.NotIn || r.Operator() == selection.NotEquals {
				into.AndNot(scratch)
			} else {
				into.And(scratch)
			}
		default:
			// GreaterThan and LessThan: upstream's own comparison, once for each value that occurs.
			for v, nodes := range segs.values {
				if r.Matches(labels.Set{r.Key(): v}) {
					scratch.addAll(nodes)
				}
			}
			into.And(scratch)
		}
	}
}

func (s NodeSet) addAll(nodes []int32) {
	for _, i := range nodes {
		s.Add(int(i))
	}
}

// sameLayout tells whether an index of these nodes would be the same as x.
func (x *nodeIndex) sameLayout(nodes []*Node) bool {
	return slices.EqualFunc(nodes, x.names, func(n *Node, name string) bool { return n.Name == name }) &&
		!slices.ContainsFunc(nodes, func(n *Node) bool { return !maps.Equal(n.Labels, x.labels[x.byName[n.Name]]) })
}
