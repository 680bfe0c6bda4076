// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"slices"

	"github.com/moorage-k8s/moorage/topology/hamt"
)

// withName adds a name to the sorted list at key. Lists are replaced, never changed, as readers hold them.
func withName(m hamt.Map[Key, []string], key Key, name string) hamt.Map[Key, []string] {
	list, _ := m.Get(key)
	at, found := slices.BinarySearch(list, name)
	if found {
		return m
	}
	return m.Set(key, slices.Insert(slices.Clip(list), at, name))
}

// withoutName takes a name from the list at key, and the list with its last name.
func withoutName(m hamt.Map[Key, []string], key Key, name string) hamt.Map[Key, []string] {
	list, _ := m.Get(key)
	at, found := slices.BinarySearch(list, name)
	switch {
	case !found:
		return m
	case len(list) == 1:
		return m.Delete(key)
	default:
		return m.Set(key, slices.Delete(slices.Clone(list), at, at+1))
	}
}

// without takes a name from the set at key, and the set with its last name.
func without(m hamt.Map[Key, hamt.Map[Key, unit]], key, name Key) hamt.Map[Key, hamt.Map[Key, unit]] {
	set, _ := m.Get(key)
	if set = set.Delete(name); set.Len() == 0 {
		return m.Delete(key)
	}
	return m.Set(key, set)
}
