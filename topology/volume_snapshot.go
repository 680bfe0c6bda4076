// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"strconv"

	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	corev1 "k8s.io/api/core/v1"
)

const (
	// defaultSnapshotClassAnnotation marks the class that snapshots without one get, by driver, and allowModeChangeAnnotation
	// the contents whose volumes may get another volumeMode (pkg/utils of external-snapshotter, pkg/controller of
	// external-provisioner).
	defaultSnapshotClassAnnotation = "snapshot.storage.kubernetes.io/is-default-class"
	allowModeChangeAnnotation      = "snapshot.storage.kubernetes.io/allow-volume-mode-change"
)

// VolumeSnapshot is a trimmed VolumeSnapshot. Immutable.
type VolumeSnapshot struct {
	Namespace, Name string
	// Class is the class's name; empty for the default one.
	Class string
	// SourceClaim is the claim it is taken of, SourceContent the content that it was made for beforehand. One is empty.
	SourceClaim, SourceContent string
	// Content is the content that it is bound to; empty until then.
	Content string
	// RestoreSize is the least size in bytes of a volume made from it; 0 where it is not known.
	RestoreSize int64
}

func volumeSnapshotFromAPI(s *snapshotv1.VolumeSnapshot) *VolumeSnapshot {
	out := &VolumeSnapshot{Namespace: shared(s.Namespace), Name: s.Name}
	if s.Spec.VolumeSnapshotClassName != nil {
		out.Class = shared(*s.Spec.VolumeSnapshotClassName)
	}
	if s.Spec.Source.PersistentVolumeClaimName != nil {
		out.SourceClaim = *s.Spec.Source.PersistentVolumeClaimName
	}
	if s.Spec.Source.VolumeSnapshotContentName != nil {
		out.SourceContent = *s.Spec.Source.VolumeSnapshotContentName
	}
	if s.Status != nil {
		if s.Status.BoundVolumeSnapshotContentName != nil {
			out.Content = *s.Status.BoundVolumeSnapshotContentName
		}
		if s.Status.RestoreSize != nil {
			out.RestoreSize = Bytes(*s.Status.RestoreSize)
		}
	}
	return out
}

// VolumeSnapshotContent is a trimmed VolumeSnapshotContent. Immutable.
type VolumeSnapshotContent struct {
	Name, Driver string
	// Snapshot is the snapshot that it belongs to.
	Snapshot Key
	// SourceHandle is the driver's handle of the volume that it was taken of; empty for a snapshot that was there before.
	SourceHandle string
	// SourceMode is the volumeMode of the volume that it was taken of; empty where it is not known.
	SourceMode corev1.PersistentVolumeMode
	// AllowModeChange reports whether a volume of another volumeMode may be made from it.
	AllowModeChange bool
}

func volumeSnapshotContentFromAPI(c *snapshotv1.VolumeSnapshotContent) *VolumeSnapshotContent {
	ref := &c.Spec.VolumeSnapshotRef
	out := &VolumeSnapshotContent{Name: c.Name, Driver: shared(c.Spec.Driver), Snapshot: Key{shared(ref.Namespace), ref.Name}}
	// What is not a boolean allows nothing, as in external-provisioner.
	out.AllowModeChange, _ = strconv.ParseBool(c.Annotations[allowModeChangeAnnotation])
	if c.Spec.Source.VolumeHandle != nil {
		out.SourceHandle = *c.Spec.Source.VolumeHandle
	}
	if c.Spec.SourceVolumeMode != nil {
		out.SourceMode = corev1.PersistentVolumeMode(shared(string(*c.Spec.SourceVolumeMode)))
	}
	return out
}

// VolumeSnapshotClass is a trimmed VolumeSnapshotClass. Immutable.
type VolumeSnapshotClass struct {
	Name, Driver string
	Default      bool
}

func volumeSnapshotClassFromAPI(c *snapshotv1.VolumeSnapshotClass) *VolumeSnapshotClass {
	return &VolumeSnapshotClass{
		Name: shared(c.Name), Driver: shared(c.Driver), Default: c.Annotations[defaultSnapshotClassAnnotation] == "true",
	}
}
