// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"iter"
	"slices"
	"strings"

	storagev1 "k8s.io/api/storage/v1"
)

// This file is what admission rules ask that placement does not.

// StorageClass returns a class's object.
func (s *Snapshot) StorageClass(name string) (*storagev1.StorageClass, bool) {
	if c := s.Class(name); c != nil {
		return c.Object, true
	}
	return nil, false
}

// DefaultStorageClass returns the class that a claim without one gets: of those marked as default the newest, and of those
// of one age the first by name (GetDefaultClass in pkg/volume/util/storageclass.go of Kubernetes).
func (s *Snapshot) DefaultStorageClass() (*storagev1.StorageClass, bool) {
	var best *Class
	for _, c := range s.classes.All() {
		if c.Default && (best == nil || c.before(best)) {
			best = c
		}
	}
	if best == nil {
		return nil, false
	}
	return best.Object, true
}

func (c *Class) before(o *Class) bool {
	mine, others := c.Object.CreationTimestamp.UnixNano(), o.Object.CreationTimestamp.UnixNano()
	return mine > others || (mine == others && c.Name < o.Name)
}

// CSIDriver returns a driver's object.
func (s *Snapshot) CSIDriver(name string) (*storagev1.CSIDriver, bool) {
	if d := s.Driver(name); d != nil {
		return d.Object, true
	}
	return nil, false
}

// AttributesClass returns a VolumeAttributesClass, or nil.
func (s *Snapshot) AttributesClass(name string) *AttributesClass {
	c, _ := s.attributesClasses.Get(Key{Name: name})
	return c
}

// VolumeSnapshot returns a snapshot of a volume, or nil.
func (s *Snapshot) VolumeSnapshot(namespace, name string) *VolumeSnapshot {
	v, _ := s.volumeSnapshots.Get(Key{namespace, name})
	return v
}

// VolumeSnapshotContent returns what a snapshot is bound to, or nil.
func (s *Snapshot) VolumeSnapshotContent(name string) *VolumeSnapshotContent {
	c, _ := s.snapshotContents.Get(Key{Name: name})
	return c
}

// VolumeSnapshotClasses ranges over the snapshot classes, by name.
func (s *Snapshot) VolumeSnapshotClasses() iter.Seq[*VolumeSnapshotClass] {
	return func(yield func(*VolumeSnapshotClass) bool) {
		names := keysOf(s.snapshotClasses.All())
		slices.SortFunc(names, func(a, b Key) int { return strings.Compare(a.Name, b.Name) })
		for _, key := range names {
			if c, _ := s.snapshotClasses.Get(key); !yield(c) {
				return
			}
		}
	}
}

// VolumeSnapshotClass returns a snapshot class, or nil.
func (s *Snapshot) VolumeSnapshotClass(name string) *VolumeSnapshotClass {
	c, _ := s.snapshotClasses.Get(Key{Name: name})
	return c
}

// DriverOnNodes reports whether any node's CSINode registers the driver, and the topology keys that it gives there, sorted.
// The keys must not be changed.
func (s *Snapshot) DriverOnNodes(driver string) (topologyKeys []string, registered bool) {
	column := s.table.column(driver)
	return column.topologyKeys, !column.registered.Empty()
}

// LabelOnNodes reports whether any node carries a label of that key.
func (s *Snapshot) LabelOnNodes(key string) bool { return !s.index.Carrying(key).Empty() }

// Reach returns the nodes from which a volume can be reached as far as its node affinity and its zone labels say, for an
// in-tree volume in either of its forms. It may be shared and must not be changed.
func (s *Snapshot) Reach(v *Volume) NodeSet {
	reach := s.Nodes(v.Affinity)
	if m := v.Migration; m != nil {
		reach = reach.Clone()
		if m.Err != nil {
			reach.Fill()
		} else {
			reach.Or(s.Nodes(m.Affinity))
		}
	}
	for _, zone := range v.Zones {
		reach = reach.Clone()
		reach.And(s.Nodes(zone))
	}
	return reach
}
