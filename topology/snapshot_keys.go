// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"cmp"
	"slices"
)

// Keys names the objects of a kind that the snapshot holds, sorted by namespace and name. Pods without volumes that moorage
// looks at are not held. It walks through all of them: it is for people's questions, not for a scheduler's.
func (s *Snapshot) Keys(kind Kind) []Key {
	keys := s.keys(kind)
	slices.SortFunc(keys, Key.Compare)
	return keys
}

// Compare orders keys by namespace and name.
func (k Key) Compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Namespace, o.Namespace), cmp.Compare(k.Name, o.Name))
}

// keys is Keys in unspecified order.
func (s *Snapshot) keys(kind Kind) []Key {
	if r := rowOfKind[kind]; r != nil {
		return r.keys(s)
	}
	return nil
}

func keysOf[V any](all func(yield func(Key, V) bool)) []Key {
	var keys []Key
	for key := range all {
		keys = append(keys, key)
	}
	return keys
}

// Pool returns a pool, or nil.
func (s *Snapshot) Pool(key Key) *Pool {
	p, _ := s.pools.Get(key)
	return p
}

// Attachment returns an attachment, or nil.
func (s *Snapshot) Attachment(name string) *Attachment {
	a, _ := s.attachments.Get(Key{Name: name})
	return a
}
