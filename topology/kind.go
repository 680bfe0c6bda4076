// SPDX-License-Identifier: Apache-2.0

package topology

import (
	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Kind is a kind of object that the cache reads, by the name that Kubernetes gives it.
type Kind string

// The kinds that the cache reads.
const (
	KindNode       Kind = "Node"
	KindCSINode    Kind = "CSINode"
	KindClaim      Kind = "PersistentVolumeClaim"
	KindVolume     Kind = "PersistentVolume"
	KindClass      Kind = "StorageClass"
	KindDriver     Kind = "CSIDriver"
	KindPool       Kind = "CSIStorageCapacity"
	KindAttachment Kind = "VolumeAttachment"
	KindPod        Kind = "Pod"

	KindAttributesClass       Kind = "VolumeAttributesClass"
	KindVolumeSnapshotClass   Kind = "VolumeSnapshotClass"
	KindVolumeSnapshotContent Kind = "VolumeSnapshotContent"
	KindVolumeSnapshot        Kind = "VolumeSnapshot"

	KindNamespace Kind = "Namespace"
)

// Kinds are all kinds that every cluster has, in the order in which it is best to read them. The cache has synced when all of
// them have been read.
var Kinds = []Kind{
	KindNode, KindCSINode, KindDriver, KindClass, KindPool, KindVolume, KindClaim, KindAttachment, KindPod,
}

// OptionalKinds are those that the cache reads where the cluster has them: old API servers lack VolumeAttributesClass, and
// snapshots are custom resources that need not be installed. Namespaces are read only where the configuration selects some by
// their labels. Only admission asks for these kinds, and is silent without.
var OptionalKinds = []Kind{KindAttributesClass, KindVolumeSnapshotClass, KindVolumeSnapshotContent, KindVolumeSnapshot, KindNamespace}

// KindOf returns the kind of an API object, and false for one that the cache does not read.
func KindOf(object any) (Kind, bool) {
	switch object.(type) {
	case *corev1.Node:
		return KindNode, true
	case *storagev1.CSINode:
		return KindCSINode, true
	case *corev1.PersistentVolumeClaim:
		return KindClaim, true
	case *corev1.PersistentVolume:
		return KindVolume, true
	case *storagev1.StorageClass:
		return KindClass, true
	case *storagev1.CSIDriver:
		return KindDriver, true
	case *storagev1.CSIStorageCapacity:
		return KindPool, true
	case *storagev1.VolumeAttachment:
		return KindAttachment, true
	case *corev1.Pod:
		return KindPod, true
	case *storagev1.VolumeAttributesClass:
		return KindAttributesClass, true
	case *snapshotv1.VolumeSnapshotClass:
		return KindVolumeSnapshotClass, true
	case *snapshotv1.VolumeSnapshotContent:
		return KindVolumeSnapshotContent, true
	case *snapshotv1.VolumeSnapshot:
		return KindVolumeSnapshot, true
	case *corev1.Namespace:
		return KindNamespace, true
	default:
		return "", false
	}
}

func keyOf(object metav1.Object) Key { return Key{object.GetNamespace(), object.GetName()} }
