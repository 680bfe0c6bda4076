// SPDX-License-Identifier: Apache-2.0

package topology

import (
	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	corev1 "k8s.io/api/core/v1"
)

// ClaimSource is the claim or the snapshot of its namespace that a claim's volume is to be made from. It is zero for a claim that starts empty, and for
// sources of other kinds and of other namespaces.
type ClaimSource struct {
	// Name is empty where there is no source.
	Name string
	// Snapshot tells a VolumeSnapshot from a claim.
	Snapshot bool
}

// sourceOf reads a claim's data source, and whether external-provisioner leaves it to others: it knows snapshots and claims (Provision in
// pkg/controller/controller.go, v6).
func sourceOf(c *corev1.PersistentVolumeClaim) (source ClaimSource, populated bool) {
	var group, namespace *string
	var kind, name string
	switch ref := c.Spec.DataSourceRef; {
	case ref != nil:
		group, namespace, kind, name = ref.APIGroup, ref.Namespace, ref.Kind, ref.Name
	case c.Spec.DataSource != nil:
		group, kind, name = c.Spec.DataSource.APIGroup, c.Spec.DataSource.Kind, c.Spec.DataSource.Name
	default:
		return source, false
	}
	switch {
	case (group == nil || *group == corev1.GroupName) && kind == "PersistentVolumeClaim":
	case group != nil && *group == snapshotv1.GroupName && kind == "VolumeSnapshot":
		source.Snapshot = true
	default:
		return source, true
	}
	if namespace != nil && *namespace != "" && *namespace != c.Namespace {
		return ClaimSource{}, false
	}
	source.Name = name
	return source, false
}

// Origin is the volume that holds, or held, what a claim's volume is to be made from.
type Origin struct {
	// Claim has the volume. Snapshot was taken of it; nil for a clone.
	Claim    *Claim
	Snapshot *VolumeSnapshot
	Volume   *Volume
}

// Origin returns what the claim's volume is to be made from; ok is false where there is no source, or it is not known for certain where it
// is. A snapshot's claim may have been created again since, elsewhere: it counts only while it has the volume that the snapshot was taken of.
func (s *Snapshot) Origin(claim *Claim) (o Origin, ok bool) {
	if claim.Source.Name == "" {
		return o, false
	}
	name, handle := claim.Source.Name, ""
	if claim.Source.Snapshot {
		if o.Snapshot = s.VolumeSnapshot(claim.Namespace, name); o.Snapshot == nil || o.Snapshot.SourceClaim == "" {
			return o, false
		}
		content := s.VolumeSnapshotContent(o.Snapshot.Content)
		if content == nil || content.SourceHandle == "" {
			return o, false
		}
		name, handle = o.Snapshot.SourceClaim, content.SourceHandle
	}
	if o.Claim = s.Claim(claim.Namespace, name); o.Claim == nil || !o.Claim.Bound() || o.Claim.Lost {
		return o, false
	}
	if o.Volume = s.Volume(o.Claim.VolumeName); o.Volume == nil {
		return o, false
	}
	_, attached := o.Volume.attachment()
	return o, handle == "" || handle == attached
}

// Driver is the CSI driver that serves the volume.
func (o *Origin) Driver() string {
	if m := o.Volume.Migration; m != nil {
		return m.Driver
	}
	return o.Volume.Driver
}

// Affinities are the conditions on nodes from which the volume can be reached, in the forms that it has: a node that meets one of them
// may reach it. There are none where every node does.
func (o *Origin) Affinities() []*Selector {
	out := []*Selector{o.Volume.Affinity}
	if m := o.Volume.Migration; m != nil {
		if m.Err != nil {
			return nil
		}
		out = append(out, m.Affinity)
	}
	for _, affinity := range out {
		if affinity == nil {
			return nil
		}
	}
	return out
}
