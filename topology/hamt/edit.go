// SPDX-License-Identifier: Apache-2.0

package hamt

import "slices"

// Edit is a transient owner token for bulk updates: a Set then copies each node of the trie
// at most once, and not each time. It ends with Close. The zero Edit has ended.
//
// It is for one writer, who goes on with the newest value of each map alone until Close. Maps from before the edit are not
// changed by it, and are safe for concurrent use all the while; those made by it are so after Close.
type Edit struct{ open bool }

// NewEdit returns an edit that is open.
func NewEdit() *Edit { return &Edit{open: true} }

// Close ends the edit: from now on maps made by it are as immutable as others.
func (e *Edit) Close() { e.open = false }

// Editing returns the map, to be changed by the edit. The map itself stays as it is.
func (m Map[K, V]) Editing(e *Edit) Map[K, V] {
	m.edit = e
	return m
}

// editing is the open edit that the map is changed by; nil if there is none.
func (m Map[K, V]) editing() *Edit {
	if m.edit != nil && m.edit.open {
		return m.edit
	}
	return nil
}

// ownedBy returns the node, or a copy of it, that the edit may change. A node that an edit owns can be reached from one map
// alone, and shares no slice with another node.
func (n *node[K, V]) ownedBy(e *Edit) *node[K, V] {
	if n.owner == e {
		return n
	}
	return &node[K, V]{n.dataMap, n.nodeMap, slices.Clone(n.items), slices.Clone(n.children), e}
}

// setInPlace is set for a node that the edit owns.
func (n *node[K, V]) setInPlace(it item[K, V], hash uint64, shift int, e *Edit) (added bool) {
	if shift >= maxShift {
		for i := range n.items {
			if n.items[i].key == it.key {
				n.items[i] = it
				return false
			}
		}
		n.items = append(n.items, it)
		return true
	}
	bit := uint32(1) << ((hash >> shift) & levelMask)
	switch {
	case n.nodeMap&bit != 0:
		child := &n.children[index(n.nodeMap, bit)]
		*child = (*child).ownedBy(e)
		return (*child).setInPlace(it, hash, shift+levelBits, e)
	case n.dataMap&bit != 0:
		i := index(n.dataMap, bit)
		old := n.items[i]
		if old.key == it.key {
			n.items[i] = it
			return false
		}
		// Two keys want the same place: both move one level down.
		child := &node[K, V]{owner: e}
		child.setInPlace(old, old.key.Hash(), shift+levelBits, e)
		child.setInPlace(it, hash, shift+levelBits, e)
		n.children = slices.Insert(n.children, index(n.nodeMap, bit), child)
		n.items = slices.Delete(n.items, i, i+1)
		n.dataMap, n.nodeMap = n.dataMap&^bit, n.nodeMap|bit
		return true
	default:
		n.items = slices.Insert(n.items, index(n.dataMap, bit), it)
		n.dataMap |= bit
		return true
	}
}
