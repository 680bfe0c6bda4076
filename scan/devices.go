// SPDX-License-Identifier: Apache-2.0

package scan

import (
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/moorage-k8s/moorage/topology"
)

// deviceOf is what a volume is to the driver that serves it, and its file system; the file system is empty for the driver's own choice. All are empty
// for a volume that no driver serves.
func deviceOf(seen *topology.Volume, v *corev1.PersistentVolume) (driver, handle, fs string) {
	if seen == nil {
		return "", "", ""
	}
	driver, handle, fs = seen.Driver, seen.Handle, seen.FSType
	if m := seen.Migration; m != nil && m.Err == nil {
		driver, handle = m.Driver, m.Handle
	}
	switch s := &v.Spec.PersistentVolumeSource; {
	case s.AWSElasticBlockStore != nil:
		fs = s.AWSElasticBlockStore.FSType
	case s.GCEPersistentDisk != nil:
		fs = s.GCEPersistentDisk.FSType
	case s.AzureDisk != nil && s.AzureDisk.FSType != nil:
		fs = *s.AzureDisk.FSType
	case s.Cinder != nil:
		fs = s.Cinder.FSType
	}
	return driver, handle, fs
}

// driverOf is the CSI driver that serves a volume; empty for a volume that is none's.
func driverOf(seen *topology.Volume) string {
	switch {
	case seen == nil:
		return ""
	case seen.Migration != nil:
		return seen.Migration.Driver
	default:
		return seen.Driver
	}
}

// attachedTo reports whether an attachment has its volume on the node.
func attachedTo(node string) func(*storagev1.VolumeAttachment) bool {
	return func(a *storagev1.VolumeAttachment) bool { return a.Spec.NodeName == node && a.Status.Attached }
}
