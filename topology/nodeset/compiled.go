// SPDX-License-Identifier: Apache-2.0

package nodeset

// compiled is the set of nodes that a selector means on the index that was asked last. Immutable.
type compiled struct {
	// index is the number of the index; of are the segments that the set was made of, in the order of the requirements.
	index uint64
	of    []*segments
	set   Set
}

// Match returns the nodes on which the selector holds, or cannot be decided.
func (x *Index) Match(s *Selector) Set {
	if s == nil || s.err != nil {
		return x.all
	}
	last := s.compiled.Load()
	if last != nil && last.index == x.id {
		return last.set
	}
	now := &compiled{index: x.id}
	if last != nil && x.stillHolds(s, last) {
		now.of, now.set = last.of, last.set
	} else {
		now.of, now.set = x.segmentsFor(s), x.compile(s)
	}
	s.compiled.Store(now)
	return now.set
}

// stillHolds reports whether the set means the same on this index: the segments that it was made of are the same, and so then
// are the nodes.
func (x *Index) stillHolds(s *Selector, last *compiled) bool {
	if last.set.size != len(x.names) {
		return false
	}
	at := 0
	for _, term := range s.terms {
		for i := range term {
			if last.of[at] != x.segmentsOf(term[i].Key()) {
				return false
			}
			at++
		}
	}
	return true
}

func (x *Index) segmentsFor(s *Selector) []*segments {
	var of []*segments
	for _, term := range s.terms {
		for i := range term {
			of = append(of, x.segmentsOf(term[i].Key()))
		}
	}
	return of
}

func (x *Index) compile(s *Selector) Set {
	set := New(len(x.names))
	var scratch Set
	for i, term := range s.terms {
		if i == 0 {
			x.intersect(set, term)
			continue
		}
		if scratch.words == nil {
			scratch = New(len(x.names))
		}
		x.intersect(scratch, term)
		set.Or(scratch)
	}
	return set
}

// Warm brings the selectors that somebody has asked about to this index, so that no reader pays for a change of nodes.
func (x *Index) Warm(selectors []*Selector) {
	for _, s := range selectors {
		if s.compiled.Load() != nil {
			x.Match(s)
		}
	}
}
