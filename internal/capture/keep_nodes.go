// SPDX-License-Identifier: Apache-2.0

package capture

import (
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
)

// keepNode keeps the labels, all of them: any volume, class, pool or pod may speak of any; the taints, without their times; what there is for
// pods; and of conditions the one that is looked at, without its message.
func keepNode(n *corev1.Node) *corev1.Node {
	out := &corev1.Node{ObjectMeta: keepMeta(n), Spec: corev1.NodeSpec{Unschedulable: n.Spec.Unschedulable}}
	out.Labels = n.Labels
	for i := range n.Spec.Taints {
		t := &n.Spec.Taints[i]
		out.Spec.Taints = append(out.Spec.Taints, corev1.Taint{Key: t.Key, Value: t.Value, Effect: t.Effect})
	}
	out.Status.Allocatable = n.Status.Allocatable
	for i := range n.Status.Conditions {
		if c := &n.Status.Conditions[i]; c.Type == corev1.NodeReady {
			out.Status.Conditions = append(out.Status.Conditions, corev1.NodeCondition{Type: c.Type, Status: c.Status, LastTransitionTime: c.LastTransitionTime})
		}
	}
	return out
}

// keepCSINode leaves the drivers' own IDs of the node out.
func keepCSINode(n *storagev1.CSINode) *storagev1.CSINode {
	out := &storagev1.CSINode{ObjectMeta: keepMeta(n, corev1.MigratedPluginsAnnotationKey)}
	for i := range n.Spec.Drivers {
		d := &n.Spec.Drivers[i]
		kept := storagev1.CSINodeDriver{Name: d.Name, TopologyKeys: d.TopologyKeys}
		if d.Allocatable != nil {
			kept.Allocatable = &storagev1.VolumeNodeResources{Count: d.Allocatable.Count}
		}
		out.Spec.Drivers = append(out.Spec.Drivers, kept)
	}
	return out
}

func keepAttachment(a *storagev1.VolumeAttachment) *storagev1.VolumeAttachment {
	out := &storagev1.VolumeAttachment{
		ObjectMeta: keepMeta(a),
		Spec:       storagev1.VolumeAttachmentSpec{Attacher: a.Spec.Attacher, NodeName: a.Spec.NodeName},
		Status: storagev1.VolumeAttachmentStatus{
			Attached: a.Status.Attached, AttachError: keepVolumeError(a.Status.AttachError), DetachError: keepVolumeError(a.Status.DetachError),
		},
	}
	out.Finalizers = a.Finalizers
	out.Spec.Source.PersistentVolumeName = a.Spec.Source.PersistentVolumeName
	return out
}

// keepVolumeError keeps what the driver said.
func keepVolumeError(e *storagev1.VolumeError) *storagev1.VolumeError {
	if e == nil {
		return nil
	}
	return &storagev1.VolumeError{Time: e.Time, Message: e.Message, ErrorCode: e.ErrorCode}
}
