// SPDX-License-Identifier: Apache-2.0

// Package hamt holds an immutable map: a hash array mapped trie in the compressed form of Steindorfer and Vinju
// (OOPSLA 2015).
//
// A Map is a value. Set and Delete return a new Map that shares all but a path of a few nodes with the old one, so a
// writer can publish a whole new state of the cluster for the price of one change, and a reader that holds an old Map
// goes on reading it without a lock. It is for one writer and any number of readers; it knows nothing of Kubernetes.
package hamt

import (
	"iter"
	"math/bits"
	"slices"
)

// Hasher is what a key must be: comparable, and able to hash itself. Equal keys must have equal hashes. The hash must be
// the same in every process where the order of All matters.
type Hasher interface {
	comparable
	Hash() uint64
}

const (
	levelBits = 5
	levelMask = 1<<levelBits - 1
	// maxShift is the first shift at which a 64-bit hash has no bits left: keys that are still together there have the same
	// hash and lie side by side in a bucket.
	maxShift = 65
)

type item[K Hasher, V any] struct {
	key   K
	value V
}

// node is one level of the trie. A set bit in dataMap means an item, one in nodeMap a child; both slices are in the order
// of their bits. A bucket, below the last level, uses items alone.
type node[K Hasher, V any] struct {
	dataMap, nodeMap uint32
	items            []item[K, V]
	children         []*node[K, V]
	owner            *Edit // that made the node; nil if none did
}

// Map is an immutable map from K to V. The zero Map is empty and ready for use. Safe for concurrent use, as nothing
// changes it.
type Map[K Hasher, V any] struct {
	root *node[K, V]
	size int
	edit *Edit
}

// Len is the number of keys.
func (m Map[K, V]) Len() int { return m.size }

// Get returns the value at key, and whether there is one. It does not allocate.
func (m Map[K, V]) Get(key K) (V, bool) {
	n, hash := m.root, key.Hash()
	for shift := 0; n != nil; shift += levelBits {
		if shift >= maxShift {
			for i := range n.items {
				if n.items[i].key == key {
					return n.items[i].value, true
				}
			}
			break
		}
		bit := uint32(1) << ((hash >> shift) & levelMask)
		if n.dataMap&bit != 0 {
			if it := &n.items[index(n.dataMap, bit)]; it.key == key {
				return it.value, true
			}
			break
		}
		if n.nodeMap&bit == 0 {
			break
		}
		n = n.children[index(n.nodeMap, bit)]
	}
	var none V
	return none, false
}

// Set returns a map in which key has the given value.
func (m Map[K, V]) Set(key K, value V) Map[K, V] {
	root := m.root
	if root == nil {
		root = &node[K, V]{}
	}
	var added bool
	if e := m.editing(); e != nil {
		m.root = root.ownedBy(e)
		added = m.root.setInPlace(item[K, V]{key, value}, key.Hash(), 0, e)
	} else {
		m.root, added = root.set(item[K, V]{key, value}, key.Hash(), 0)
	}
	if added {
		m.size++
	}
	return m
}

// Delete returns a map without key; the same map where key is not in it.
func (m Map[K, V]) Delete(key K) Map[K, V] {
	if m.root == nil {
		return m
	}
	next, removed := m.root.delete(key, key.Hash(), 0)
	if !removed {
		return m
	}
	m.size--
	m.root = next
	if m.size == 0 {
		m.root = nil
	}
	return m
}

// All ranges over the keys and values. The order depends only on the keys' hashes, not on the history of the map, except
// among keys with the same hash.
func (m Map[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		if m.root != nil {
			m.root.each(yield)
		}
	}
}

// copied returns a node with the same slices, which no edit may change.
func (n *node[K, V]) copied() *node[K, V] {
	return &node[K, V]{dataMap: n.dataMap, nodeMap: n.nodeMap, items: n.items, children: n.children}
}

func index(bitmap, bit uint32) int { return bits.OnesCount32(bitmap & (bit - 1)) }

func (n *node[K, V]) each(yield func(K, V) bool) bool {
	for i := range n.items {
		if !yield(n.items[i].key, n.items[i].value) {
			return false
		}
	}
	for _, child := range n.children {
		if !child.each(yield) {
			return false
		}
	}
	return true
}

func (n *node[K, V]) set(it item[K, V], hash uint64, shift int) (*node[K, V], bool) {
	if shift >= maxShift {
		return n.setInBucket(it)
	}
	bit := uint32(1) << ((hash >> shift) & levelMask)
	switch {
	case n.nodeMap&bit != 0:
		i := index(n.nodeMap, bit)
		child, added := n.children[i].set(it, hash, shift+levelBits)
		out := n.copied()
		out.children = slices.Clone(n.children)
		out.children[i] = child
		return out, added
	case n.dataMap&bit != 0:
		i := index(n.dataMap, bit)
		old := n.items[i]
		if old.key == it.key {
			out := n.copied()
			out.items = slices.Clone(n.items)
			out.items[i] = it
			return out, false
		}
		// Two keys want the same place: both move one level down.
		child, _ := (&node[K, V]{}).set(old, old.key.Hash(), shift+levelBits)
		child, _ = child.set(it, hash, shift+levelBits)
		return &node[K, V]{
			dataMap:  n.dataMap &^ bit,
			nodeMap:  n.nodeMap | bit,
			items:    without(n.items, i),
			children: with(n.children, index(n.nodeMap, bit), child),
		}, true
	default:
		out := n.copied()
		out.dataMap |= bit
		out.items = with(n.items, index(n.dataMap, bit), it)
		return out, true
	}
}

func (n *node[K, V]) setInBucket(it item[K, V]) (*node[K, V], bool) {
	for i := range n.items {
		if n.items[i].key == it.key {
			items := slices.Clone(n.items)
			items[i] = it
			return &node[K, V]{items: items}, false
		}
	}
	return &node[K, V]{items: with(n.items, len(n.items), it)}, true
}

// delete keeps the trie in its one canonical shape: a child that is left with a single item gives it to its parent.
func (n *node[K, V]) delete(key K, hash uint64, shift int) (*node[K, V], bool) {
	if shift >= maxShift {
		for i := range n.items {
			if n.items[i].key == key {
				return &node[K, V]{items: without(n.items, i)}, true
			}
		}
		return n, false
	}
	bit := uint32(1) << ((hash >> shift) & levelMask)
	switch {
	case n.dataMap&bit != 0:
		i := index(n.dataMap, bit)
		if n.items[i].key != key {
			return n, false
		}
		out := n.copied()
		out.dataMap &^= bit
		out.items = without(n.items, i)
		return out, true
	case n.nodeMap&bit != 0:
		i := index(n.nodeMap, bit)
		child, removed := n.children[i].delete(key, hash, shift+levelBits)
		if !removed {
			return n, false
		}
		out := n.copied()
		if len(child.items) == 1 && len(child.children) == 0 {
			out.nodeMap &^= bit
			out.children = without(n.children, i)
			out.dataMap |= bit
			out.items = with(n.items, index(n.dataMap, bit), child.items[0])
		} else {
			out.children = slices.Clone(n.children)
			out.children[i] = child
		}
		return out, true
	default:
		return n, false
	}
}

func with[T any](s []T, i int, v T) []T {
	out := make([]T, len(s)+1)
	copy(out, s[:i])
	out[i] = v
	copy(out[i+1:], s[i:])
	return out
}

func without[T any](s []T, i int) []T {
	if len(s) == 1 {
		return nil
	}
	out := make([]T, len(s)-1)
	copy(out, s[:i])
	copy(out[i:], s[i+1:])
	return out
}
