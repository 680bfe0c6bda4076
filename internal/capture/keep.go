// SPDX-License-Identifier: Apache-2.0

// Package capture makes a copy of a cluster's storage that can be handed to others: what topology.Cache looks at and nothing
// else, in a file that package manifests reads back to the same view.
//
// Keep builds each object again from the fields that the cache looks at, rather than strike out those that are known to be
// secret: what nobody thought of stays at home. Anonymize puts other names in the place of all names, each always by the same
// one. Write writes the objects in an order that depends on nothing but the objects.
package capture

import (
	"slices"

	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Keep returns a new object that holds of this one what the cache looks at, or nil where that is nothing: the object is of
// another kind, or a pod whose volumes concern no storage. The given object is not changed; parts of it may be shared.
func Keep(object metav1.Object) metav1.Object {
	switch o := object.(type) {
	case *corev1.Node:
		return keepNode(o)
	case *storagev1.CSINode:
		return keepCSINode(o)
	case *storagev1.CSIDriver:
		return keepDriver(o)
	case *storagev1.StorageClass:
		return keepClass(o)
	case *storagev1.CSIStorageCapacity:
		return keepPool(o)
	case *corev1.PersistentVolume:
		return keepVolume(o)
	case *corev1.PersistentVolumeClaim:
		return keepClaim(o)
	case *storagev1.VolumeAttachment:
		return keepAttachment(o)
	case *corev1.Pod:
		if pod := keepPod(o); pod != nil {
			return pod
		}
		return nil
	case *storagev1.VolumeAttributesClass:
		return &storagev1.VolumeAttributesClass{ObjectMeta: keepMeta(o), DriverName: o.DriverName}
	case *snapshotv1.VolumeSnapshotClass:
		return &snapshotv1.VolumeSnapshotClass{
			ObjectMeta: keepMeta(o, defaultSnapshotClassAnnotation), Driver: o.Driver, DeletionPolicy: o.DeletionPolicy,
		}
	case *snapshotv1.VolumeSnapshotContent:
		return keepSnapshotContent(o)
	case *snapshotv1.VolumeSnapshot:
		return keepSnapshot(o)
	case *corev1.Namespace:
		// Rules can be set by the labels of namespaces.
		out := &corev1.Namespace{ObjectMeta: keepMeta(o)}
		out.Labels = o.Labels
		return out
	case *corev1.Event:
		if e := keepEvent(o); e != nil {
			return e
		}
		return nil
	case *policyv1.PodDisruptionBudget:
		return keepBudget(o)
	default:
		return nil
	}
}

// keepFinalizers keeps those of an object that is being deleted: they keep it.
func keepFinalizers(o metav1.Object) []string {
	if o.GetDeletionTimestamp() == nil {
		return nil
	}
	return slices.Clone(o.GetFinalizers())
}

// keepMeta keeps what identifies an object, its age and versions, who controls it, and the annotations
// of the given keys. Labels are for those kinds to add whose labels count.
func keepMeta(o metav1.Object, annotations ...string) metav1.ObjectMeta {
	out := metav1.ObjectMeta{
		Name: o.GetName(), Namespace: o.GetNamespace(), UID: o.GetUID(), ResourceVersion: o.GetResourceVersion(),
		CreationTimestamp: o.GetCreationTimestamp(), DeletionTimestamp: o.GetDeletionTimestamp(),
		DeletionGracePeriodSeconds: o.GetDeletionGracePeriodSeconds(),
	}
	for _, key := range annotations {
		if value, ok := o.GetAnnotations()[key]; ok {
			metav1.SetMetaDataAnnotation(&out, key, value)
		}
	}
	if owner := metav1.GetControllerOfNoCopy(o); owner != nil {
		out.OwnerReferences = []metav1.OwnerReference{{
			APIVersion: owner.APIVersion, Kind: owner.Kind, Name: owner.Name, UID: owner.UID, Controller: owner.Controller,
		}}
	}
	return out
}
