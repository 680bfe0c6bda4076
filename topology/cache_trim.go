// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"runtime"
	"sync"
	"sync/atomic"

	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// trim is trimmed without its guard.
func (c *Cache) trim(object metav1.Object) (put func()) {
	key := keyOf(object)
	switch o := object.(type) {
	case *corev1.Node:
		node := nodeFromAPI(o)
		return func() { c.setNode(key.Name, node) }
	case *storagev1.CSINode:
		node := csiNodeFromAPI(o)
		return func() { c.setCSINode(key.Name, node) }
	case *corev1.PersistentVolumeClaim:
		claim := claimFromAPI(o)
		return func() { c.setClaim(key, claim) }
	case *corev1.PersistentVolume:
		volume := volumeFromAPI(o)
		volume.Affinity = c.selectors.intern(volume.Affinity)
		for i := range volume.Zones {
			volume.Zones[i] = c.selectors.intern(volume.Zones[i])
		}
		if volume.Migration != nil {
			volume.Migration.Affinity = c.selectors.intern(volume.Migration.Affinity)
		}
		return func() { c.setVolume(key, volume) }
	case *storagev1.StorageClass:
		class := classFromAPI(o)
		class.Allowed = c.selectors.intern(class.Allowed)
		return func() { c.setClass(key, class) }
	case *storagev1.CSIDriver:
		driver := driverFromAPI(o)
		return func() { c.next.drivers = c.next.drivers.Set(key, driver) }
	case *storagev1.CSIStorageCapacity:
		pool := poolFromAPI(o)
		pool.Topology = c.selectors.intern(pool.Topology)
		return func() { c.setPool(key, pool) }
	case *storagev1.VolumeAttachment:
		attachment := attachmentFromAPI(o)
		return func() { c.setAttachment(key, attachment) }
	case *corev1.Pod:
		pod := PodFromAPI(o)
		if len(pod.Volumes) == 0 {
			pod = nil
		}
		return func() { c.setPod(key, pod) }
	case *storagev1.VolumeAttributesClass:
		class := attributesClassFromAPI(o)
		return func() { c.next.attributesClasses = c.next.attributesClasses.Set(key, class) }
	case *snapshotv1.VolumeSnapshotClass:
		class := volumeSnapshotClassFromAPI(o)
		return func() { c.next.snapshotClasses = c.next.snapshotClasses.Set(key, class) }
	case *snapshotv1.VolumeSnapshotContent:
		content := volumeSnapshotContentFromAPI(o)
		return func() { c.next.snapshotContents = c.next.snapshotContents.Set(key, content) }
	case *snapshotv1.VolumeSnapshot:
		snapshot := volumeSnapshotFromAPI(o)
		return func() { c.next.volumeSnapshots = c.next.volumeSnapshots.Set(key, snapshot) }
	case *corev1.Namespace:
		namespace := namespaceFromAPI(o)
		return func() { c.next.namespaces = c.next.namespaces.Set(key, namespace) }
	default:
		return func() {}
	}
}

// trimmedAtATime are trimmed by a core together.
const trimmedAtATime = 256

// trimmedAll trims objects on all cores. What it returns is to be called in the order of the objects.
func (c *Cache) trimmedAll(objects []metav1.Object) []func() {
	puts := make([]func(), len(objects))
	var next atomic.Int64
	var working sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (len(objects)+trimmedAtATime-1)/trimmedAtATime) {
		working.Go(func() {
			for {
				from := int(next.Add(trimmedAtATime)) - trimmedAtATime
				if from >= len(objects) {
					return
				}
				for i := from; i < min(from+trimmedAtATime, len(objects)); i++ {
					puts[i] = c.trimmed(objects[i])
				}
			}
		})
	}
	working.Wait()
	return puts
}
