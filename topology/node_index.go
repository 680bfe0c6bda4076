// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
)

// nodeIndex is the static part of a Snapshot: which nodes there are, by dense index in the order of their names, and which
// of them each segment and each selector means. A new one is made when the set of nodes or a label changes, and shared by all
// snapshots until then. Where only labels changed, it shares the segments of all other labels with the one before.
//
// Segments and sets are compiled when first asked for. A segment is remembered here, so there are no more than the nodes have
// labels; a selector's set is remembered in the selector (compiled_selector.go), so that it goes with the last object that says it.
type nodeIndex struct {
	// id tells this index from every other.
	id     uint64
	names  []string
	labels []map[string]string
	byName map[string]int32
	all    NodeSet
	none   NodeSet

	// carriers is how many nodes carry each label key; absent is the segments of a key that no node carries.
	carriers map[string]int
	absent   *segments
	segments sync.Map // label key → *segments, of keys that some node carries
}

// segments is one label key: the nodes that carry it, and the nodes of each of its values.
type segments struct {
	has    NodeSet
	values map[string][]int32
}

// identities number what is remembered by number, lest who remembers it keep it in memory.
var identities atomic.Uint64

func newNodeIndex(nodes []*Node) *nodeIndex {
	x := &nodeIndex{
		id:       identities.Add(1),
		names:    make([]string, len(nodes)),
		labels:   make([]map[string]string, len(nodes)),
		byName:   make(map[string]int32, len(nodes)),
		all:      NewNodeSet(len(nodes)),
		none:     NewNodeSet(len(nodes)),
		carriers: map[string]int{},
	}
	x.all.Fill()
	x.absent = &segments{has: x.none}
	for i, n := range nodes {
		x.names[i], x.labels[i] = n.Name, n.Labels
		x.byName[n.Name] = int32(i)
		for key := range n.Labels {
			x.carriers[key]++
		}
	}
	return x
}

// on returns the index of the nodes: x itself where it would be the same.
func (x *nodeIndex) on(nodes []*Node) *nodeIndex {
	if !slices.EqualFunc(nodes, x.names, func(n *Node, name string) bool { return n.Name == name }) {
		return newNodeIndex(nodes)
	}
	var relabelled []int
	for i, n := range nodes {
		if !maps.Equal(n.Labels, x.labels[i]) {
			relabelled = append(relabelled, i)
		}
	}
	if len(relabelled) == 0 {
		return x
	}
	return x.relabelled(nodes, relabelled)
}

// relabelled returns the index of the same nodes, of which some have other labels.
func (x *nodeIndex) relabelled(nodes []*Node, which []int) *nodeIndex {
	out := &nodeIndex{
		id: identities.Add(1), names: x.names, labels: slices.Clone(x.labels), byName: x.byName, all: x.all, none: x.none,
		carriers: maps.Clone(x.carriers), absent: x.absent,
	}
	changed := map[string]unit{}
	differences := func(from, to map[string]string, by int) {
		for key, value := range from {
			other, kept := to[key]
			if !kept {
				if out.carriers[key] += by; out.carriers[key] == 0 {
					delete(out.carriers, key)
				}
			}
			if !kept || value != other {
				changed[key] = unit{}
			}
		}
	}
	for _, i := range which {
		differences(x.labels[i], nodes[i].Labels, -1)
		differences(nodes[i].Labels, x.labels[i], 1)
		out.labels[i] = nodes[i].Labels
	}
	x.segments.Range(func(key, segs any) bool {
		if _, ok := changed[key.(string)]; !ok {
			out.segments.Store(key, segs)
		}
		return true
	})
	return out
}

func (x *nodeIndex) segmentsOf(key string) *segments {
	if x.carriers[key] == 0 {
		return x.absent
	}
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
