// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	storagehelpers "k8s.io/component-helpers/storage/volume"

	"github.com/moorage-k8s/moorage/topology/nodeset"
)

// Volume is a trimmed PersistentVolume. Immutable.
type Volume struct {
	Name            string
	ResourceVersion ResourceVersion
	// Created is when the API server stored the volume first, to the second.
	Created time.Time
	// Class is the class's name; the beta annotation comes before the field.
	Class string
	// Capacity is in bytes, rounded up.
	Capacity        int64
	AccessModes     AccessModes
	Block           bool
	AttributesClass string
	// HasClaimRef reports whether the volume is bound to a claim or kept for one; ClaimRef names it. A reference that names
	// nothing keeps the volume from everyone.
	HasClaimRef bool
	ClaimRef    Key
	ClaimRefUID types.UID
	// Available, Released and Failed are phases. Deleting: it has a deletion timestamp. Retain is the reclaim policy that leaves the data
	// alone; false for another, and where it is not known.
	Available, Released, Failed, Deleting, Retain bool
	// Affinity is the volume's node affinity; nil where every node can reach it.
	Affinity *Selector
	// Source is the field of the spec that says what the volume is, such as csi or hostPath; empty where this build knows none.
	Source string
	// HostPath is the directory of the node that a hostPath or local volume is, as written; empty for others, and where a capture
	// left it out.
	HostPath string
	// Driver and Handle are of a CSI volume; both are empty for other sources.
	Driver, Handle string
	// FSType and ReadOnly are what a CSI volume says of its mounts; FSType is empty for the driver's own choice.
	FSType   string
	ReadOnly bool
	// Migration is what an in-tree volume is to the CSI driver that serves it; nil for other volumes.
	Migration *Migration
	// SingleAttacher is the CSI driver or in-tree plugin by which the attach-detach controller attaches the volume, to one
	// node at a time; empty for other volumes. See Snapshot.Attaches.
	SingleAttacher string
	// Zones are the conditions of the volume's zone and region labels; a node must meet each.
	Zones []*Selector
	// Labels are what claims select available volumes by.
	Labels map[string]string
}

// KeptFor reports whether the volume is bound to the claim or kept for it: IsVolumeBoundToClaim of
// k8s.io/component-helpers/storage/volume. The UID counts only where the volume names one.
func (v *Volume) KeptFor(c *Claim) bool {
	return v.HasClaimRef && v.ClaimRef == c.Key() && (v.ClaimRefUID == "" || v.ClaimRefUID == c.UID)
}

// unclaimed reports whether a delayed claim could be matched to the volume on the scheduler's own choice.
func (v *Volume) unclaimed() bool {
	return v.Available && !v.Deleting && !v.HasClaimRef
}

func volumeFromAPI(selectors *nodeset.Pool, v *corev1.PersistentVolume) *Volume {
	capacity := v.Spec.Capacity[corev1.ResourceStorage]
	out := &Volume{
		Name:            v.Name,
		ResourceVersion: resourceVersion(v.ResourceVersion),
		Created:         v.CreationTimestamp.Time,
		Class:           shared(storagehelpers.GetPersistentVolumeClass(v)),
		Capacity:        Bytes(capacity),
		AccessModes:     AccessModesOf(v.Spec.AccessModes),
		Block:           v.Spec.VolumeMode != nil && *v.Spec.VolumeMode == corev1.PersistentVolumeBlock,
		Available:       v.Status.Phase == corev1.VolumeAvailable,
		Released:        v.Status.Phase == corev1.VolumeReleased,
		Failed:          v.Status.Phase == corev1.VolumeFailed,
		Deleting:        v.DeletionTimestamp != nil,
		Retain:          v.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimRetain,
		Affinity:        selectors.Intern(nodeset.VolumeAffinity(v.Spec.NodeAffinity)),
		Zones:           nodeset.ZoneLabels(v.Labels),
		Source:          SourceField(&v.Spec.PersistentVolumeSource),
	}
	for i := range out.Zones {
		out.Zones[i] = selectors.Intern(out.Zones[i])
	}
	translated, err := csiForm(v)
	out.Migration = migrationOf(selectors, v, translated, err)
	if err == nil {
		out.SingleAttacher = singleAttacher(translated)
	}
	if v.Spec.VolumeAttributesClassName != nil {
		out.AttributesClass = shared(*v.Spec.VolumeAttributesClassName)
	}
	if ref := v.Spec.ClaimRef; ref != nil {
		out.HasClaimRef, out.ClaimRef, out.ClaimRefUID = true, Key{shared(ref.Namespace), ref.Name}, ref.UID
	}
	switch source := &v.Spec.PersistentVolumeSource; {
	case source.HostPath != nil:
		out.HostPath = source.HostPath.Path
	case source.Local != nil:
		out.HostPath = source.Local.Path
	}
	if csi := v.Spec.CSI; csi != nil {
		out.Driver, out.Handle = shared(csi.Driver), csi.VolumeHandle
		out.FSType, out.ReadOnly = shared(csi.FSType), csi.ReadOnly
	}
	if len(v.Labels) > 0 {
		out.Labels = make(map[string]string, len(v.Labels))
		for k, value := range v.Labels {
			out.Labels[shared(k)] = shared(value)
		}
	}
	return out
}
