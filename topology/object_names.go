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

// keys is Keys in no useful order.
func (s *Snapshot) keys(kind Kind) []Key {
	switch kind {
	case KindNode, KindCSINode:
		var keys []Key
		for _, node := range s.table.nodes {
			if kind == KindNode || node.HasCSINode {
				keys = append(keys, Key{Name: node.Name})
			}
		}
		return keys
	case KindClaim:
		return keysOf(s.claims.All())
	case KindVolume:
		return keysOf(s.volumes.All())
	case KindClass:
		return keysOf(s.classes.All())
	case KindDriver:
		return keysOf(s.drivers.All())
	case KindPool:
		return keysOf(s.pools.All())
	case KindAttachment:
		return keysOf(s.attachments.All())
	case KindPod:
		return keysOf(s.pods.All())
	case KindAttributesClass:
		return keysOf(s.attributesClasses.All())
	case KindVolumeSnapshotClass:
		return keysOf(s.snapshotClasses.All())
	case KindVolumeSnapshotContent:
		return keysOf(s.snapshotContents.All())
	case KindVolumeSnapshot:
		return keysOf(s.volumeSnapshots.All())
	case KindNamespace:
		return keysOf(s.namespaces.All())
	default:
		return nil
	}
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
