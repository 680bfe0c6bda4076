// SPDX-License-Identifier: Apache-2.0

package nodeset

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
)

// Node is what an Index knows of a node. The labels are shared and must not change.
type Node struct {
	Name   string
	Labels map[string]string
}

// Index gives nodes dense numbers, in the order of their names, and tells which of them each label value and each selector
// means. It is immutable and safe for concurrent use. Where only labels change, On shares the segments of all other labels.
//
// Segments and sets are compiled on first use. A segment is kept here, so there are no more than the nodes have labels; a
// selector's set is kept in the selector (compiled.go), so that it goes with the last object that has the selector.
type Index struct {
	// id tells this index from every other.
	id     uint64
	names  []string
	labels []map[string]string
	byName map[string]int32
	all    Set
	none   Set

	// carriers is how many nodes carry each label key; absent is the segments of a key that no node carries.
	carriers map[string]int
	absent   *segments
	segments sync.Map // label key → *segments, of keys that some node carries
}

// segments is one label key: the nodes that carry it, and the nodes of each of its values.
type segments struct {
	has    Set
	values map[string][]int32
}

// identities number what is remembered by number, lest who remembers it keep it in memory.
var identities atomic.Uint64

// NewIndex returns the index of nodes, which are sorted by name.
func NewIndex(nodes []Node) *Index {
	x := &Index{
		id:       identities.Add(1),
		names:    make([]string, len(nodes)),
		labels:   make([]map[string]string, len(nodes)),
		byName:   make(map[string]int32, len(nodes)),
		all:      New(len(nodes)),
		none:     New(len(nodes)),
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

// On returns the index of the nodes, which are sorted by name: x itself if it would be the same.
func (x *Index) On(nodes []Node) *Index {
	if !slices.EqualFunc(nodes, x.names, func(n Node, name string) bool { return n.Name == name }) {
		return NewIndex(nodes)
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
func (x *Index) relabelled(nodes []Node, which []int) *Index {
	out := &Index{
		id: identities.Add(1), names: x.names, labels: slices.Clone(x.labels), byName: x.byName, all: x.all, none: x.none,
		carriers: maps.Clone(x.carriers), absent: x.absent,
	}
	changed := map[string]struct{}{}
	differences := func(from, to map[string]string, by int) {
		for key, value := range from {
			other, kept := to[key]
			if !kept {
				if out.carriers[key] += by; out.carriers[key] == 0 {
					delete(out.carriers, key)
				}
			}
			if !kept || value != other {
				changed[key] = struct{}{}
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

// Len returns the number of nodes.
func (x *Index) Len() int { return len(x.names) }

// Lookup returns the number of the node with that name, and whether there is one.
func (x *Index) Lookup(name string) (int, bool) {
	i, ok := x.byName[name]
	return int(i), ok
}

// LookupBytes is Lookup for a name that is still in a buffer; it does not allocate.
func (x *Index) LookupBytes(name []byte) (int, bool) {
	i, ok := x.byName[string(name)]
	return int(i), ok
}

// All returns the set of all nodes. It is shared and must not be changed.
func (x *Index) All() Set { return x.all }

// Carrying returns the nodes that carry the label, whatever its value. The set is shared and must not be changed.
func (x *Index) Carrying(key string) Set { return x.segmentsOf(key).has }

// Valued returns the nodes that carry the label with a value of which holds is true. It is asked once for each value that there is.
func (x *Index) Valued(key string, holds func(value string) bool) Set {
	out := New(x.Len())
	for value, nodes := range x.segmentsOf(key).values {
		if holds(value) {
			for _, i := range nodes {
				out.Add(int(i))
			}
		}
	}
	return out
}

func (x *Index) segmentsOf(key string) *segments {
	if x.carriers[key] == 0 {
		return x.absent
	}
	if s, ok := x.segments.Load(key); ok {
		return s.(*segments)
	}
	s := &segments{has: New(len(x.names)), values: map[string][]int32{}}
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
func (x *Index) intersect(into Set, term []labels.Requirement) {
	into.Fill()
	var scratch Set
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
			scratch = New(len(x.names))
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

func (s Set) addAll(nodes []int32) {
	for _, i := range nodes {
		s.Add(int(i))
	}
}
