// SPDX-License-Identifier: Apache-2.0

package nodeset

import (
	"iter"
	"math/bits"
	"slices"
)

// Set is a set of nodes, one bit for each dense number of one Index. Sets of different indexes must not be
// mixed. A set that an Index hands out is shared and must not be changed; take a copy with Clone or CopyFrom. The zero
// Set is a set of a cluster without nodes.
type Set struct {
	words []uint64
	size  int
}

// New returns an empty set for a cluster of size nodes.
func New(size int) Set {
	return Set{words: make([]uint64, (size+63)/64), size: size}
}

// Size is the number of nodes that the set is about: those in it and those not.
func (s Set) Size() int { return s.size }

// Has reports whether node i is in the set.
func (s Set) Has(i int) bool { return s.words[i>>6]&(1<<(i&63)) != 0 }

// Add puts node i into the set.
func (s Set) Add(i int) { s.words[i>>6] |= 1 << (i & 63) }

// Remove takes node i out of the set.
func (s Set) Remove(i int) { s.words[i>>6] &^= 1 << (i & 63) }

// Fill puts all nodes into the set.
func (s Set) Fill() {
	for i := range s.words {
		s.words[i] = ^uint64(0)
	}
	if rest := s.size & 63; rest != 0 {
		s.words[len(s.words)-1] = 1<<rest - 1
	}
}

// Clear takes all nodes out of the set.
func (s Set) Clear() { clear(s.words) }

// CopyFrom makes s hold what o holds.
func (s Set) CopyFrom(o Set) { copy(s.words, o.words) }

// Clone returns a set of its own with the same nodes.
func (s Set) Clone() Set {
	return Set{words: append([]uint64(nil), s.words...), size: s.size}
}

// And keeps only the nodes that o has too.
func (s Set) And(o Set) {
	for i, w := range o.words {
		s.words[i] &= w
	}
}

// AndNot takes out the nodes that o has.
func (s Set) AndNot(o Set) {
	for i, w := range o.words {
		s.words[i] &^= w
	}
}

// Or puts in the nodes that o has.
func (s Set) Or(o Set) {
	for i, w := range o.words {
		s.words[i] |= w
	}
}

// Not turns the set into its complement.
func (s Set) Not() {
	for i := range s.words {
		s.words[i] = ^s.words[i]
	}
	if rest := s.size & 63; rest != 0 {
		s.words[len(s.words)-1] &= 1<<rest - 1
	}
}

// Len is the number of nodes in the set.
func (s Set) Len() int {
	n := 0
	for _, w := range s.words {
		n += bits.OnesCount64(w)
	}
	return n
}

// Meets reports whether some node is in both sets.
func (s Set) Meets(o Set) bool {
	for i, w := range o.words {
		if s.words[i]&w != 0 {
			return true
		}
	}
	return false
}

// Equal reports whether both sets are about as many nodes and have the same.
func (s Set) Equal(o Set) bool { return s.size == o.size && slices.Equal(s.words, o.words) }

// Empty reports whether no node is in the set.
func (s Set) Empty() bool {
	for _, w := range s.words {
		if w != 0 {
			return false
		}
	}
	return true
}

// All ranges over the indexes of the nodes in the set, ascending.
func (s Set) All() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, w := range s.words {
			for w != 0 {
				if !yield(i<<6 + bits.TrailingZeros64(w)) {
					return
				}
				w &= w - 1
			}
		}
	}
}
