// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"iter"
	"math/bits"
	"slices"
)

// NodeSet is a set of nodes, one bit for each dense node index of one Snapshot. Sets of different Snapshots must not be
// mixed. A set that a Snapshot hands out is shared and must not be changed; take a copy with Clone or CopyFrom. The zero
// NodeSet is a set of a cluster without nodes.
type NodeSet struct {
	words []uint64
	size  int
}

// NewNodeSet returns an empty set for a cluster of size nodes.
func NewNodeSet(size int) NodeSet {
	return NodeSet{words: make([]uint64, (size+63)/64), size: size}
}

// Size is the number of nodes that the set is about: those in it and those not.
func (s NodeSet) Size() int { return s.size }

// Has tells whether node i is in the set.
func (s NodeSet) Has(i int) bool { return s.words[i>>6]&(1<<(i&63)) != 0 }

// Add puts node i into the set.
func (s NodeSet) Add(i int) { s.words[i>>6] |= 1 << (i & 63) }

// Remove takes node i out of the set.
func (s NodeSet) Remove(i int) { s.words[i>>6] &^= 1 << (i & 63) }

// Fill puts all nodes into the set.
func (s NodeSet) Fill() {
	for i := range s.words {
		s.words[i] = ^uint64(0)
	}
	if rest := s.size & 63; rest != 0 {
		s.words[len(s.words)-1] = 1<<rest - 1
	}
}

// Clear takes all nodes out of the set.
func (s NodeSet) Clear() { clear(s.words) }

// CopyFrom makes s hold what o holds.
func (s NodeSet) CopyFrom(o NodeSet) { copy(s.words, o.words) }

// Clone returns a set of its own with the same nodes.
func (s NodeSet) Clone() NodeSet {
	return NodeSet{words: append([]uint64(nil), s.words...), size: s.size}
}

// And keeps only the nodes that o has too.
func (s NodeSet) And(o NodeSet) {
	for i, w := range o.words {
		s.words[i] &= w
	}
}

// AndNot takes out the nodes that o has.
func (s NodeSet) AndNot(o NodeSet) {
	for i, w := range o.words {
		s.words[i] &^= w
	}
}

// Or puts in the nodes that o has.
func (s NodeSet) Or(o NodeSet) {
	for i, w := range o.words {
		s.words[i] |= w
	}
}

// Not turns the set into its complement.
func (s NodeSet) Not() {
	for i := range s.words {
		s.words[i] = ^s.words[i]
	}
	if rest := s.size & 63; rest != 0 {
		s.words[len(s.words)-1] &= 1<<rest - 1
	}
}

// Len is the number of nodes in the set.
func (s NodeSet) Len() int {
	n := 0
	for _, w := range s.words {
		n += bits.OnesCount64(w)
	}
	return n
}

// Meets tells whether some node is in both sets.
func (s NodeSet) Meets(o NodeSet) bool {
	for i, w := range o.words {
		if s.words[i]&w != 0 {
			return true
		}
	}
	return false
}

// Equal tells whether both sets are about as many nodes and have the same.
func (s NodeSet) Equal(o NodeSet) bool { return s.size == o.size && slices.Equal(s.words, o.words) }

// Empty tells whether no node is in the set.
func (s NodeSet) Empty() bool {
	for _, w := range s.words {
		if w != 0 {
			return false
		}
	}
	return true
}

// All ranges over the indexes of the nodes in the set, ascending.
func (s NodeSet) All() iter.Seq[int] {
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
