// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Disk is a disk that a pod names inline and that pods on one node may not share freely (isVolumeConflict in kube-scheduler's
// volumerestrictions). Immutable.
type Disk struct {
	// ID tells the kind of disk and which it is: disks with different IDs never conflict.
	ID Key
	// Exclusive disks conflict even if both pods only read.
	Exclusive bool
	ReadOnly  bool
	// Monitors are those of a Ceph RBD image: it is the same image only where they overlap.
	Monitors []string
}

// Conflicts reports whether two pods on one node must not use the disks.
func (d *Disk) Conflicts(o *Disk) bool {
	if d.ID != o.ID || (!d.Exclusive && d.ReadOnly && o.ReadOnly) {
		return false
	}
	if d.Monitors == nil && o.Monitors == nil {
		return true
	}
	return slices.ContainsFunc(d.Monitors, func(m string) bool { return slices.Contains(o.Monitors, m) })
}

func (d *Disk) same(o *Disk) bool {
	return d.ID == o.ID && d.Exclusive == o.Exclusive && d.ReadOnly == o.ReadOnly && slices.Equal(d.Monitors, o.Monitors)
}

// diskOf returns nil for a volume that is no such disk.
func diskOf(v *corev1.Volume) *Disk {
	switch {
	case v.GCEPersistentDisk != nil:
		return &Disk{ID: Key{"gcePersistentDisk", v.GCEPersistentDisk.PDName}, ReadOnly: v.GCEPersistentDisk.ReadOnly}
	case v.AWSElasticBlockStore != nil:
		return &Disk{ID: Key{"awsElasticBlockStore", v.AWSElasticBlockStore.VolumeID}, Exclusive: true}
	case v.ISCSI != nil:
		return &Disk{ID: Key{"iscsi", v.ISCSI.IQN}, ReadOnly: v.ISCSI.ReadOnly}
	case v.RBD != nil:
		monitors := slices.Clone(v.RBD.CephMonitors)
		if monitors == nil {
			monitors = []string{}
		}
		return &Disk{ID: Key{"rbd", v.RBD.RBDPool + "/" + v.RBD.RBDImage}, ReadOnly: v.RBD.ReadOnly, Monitors: monitors}
	default:
		return nil
	}
}
