// SPDX-License-Identifier: Apache-2.0

package topology

import storagev1 "k8s.io/api/storage/v1"

// Attachment is a trimmed VolumeAttachment: a volume that is, or shall be, attached to a node. Immutable.
type Attachment struct {
	Name   string
	Driver string
	Node   string
	// Volume is the PersistentVolume's name; empty for a volume that a pod names inline.
	Volume             string
	Attached, Deleting bool
}

func attachmentFromAPI(a *storagev1.VolumeAttachment) *Attachment {
	out := &Attachment{
		Name:     a.Name,
		Driver:   shared(a.Spec.Attacher),
		Node:     shared(a.Spec.NodeName),
		Attached: a.Status.Attached,
		Deleting: a.DeletionTimestamp != nil,
	}
	if a.Spec.Source.PersistentVolumeName != nil {
		out.Volume = *a.Spec.Source.PersistentVolumeName
	}
	return out
}
