// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"reflect"

	corev1 "k8s.io/api/core/v1"
)

// sources is how many sources are set in a pointer to a VolumeSource or a PersistentVolumeSource, whose fields are all sources.
func sources(of any) int {
	set := 0
	for _, source := range reflect.ValueOf(of).Elem().Fields() {
		if !source.IsNil() {
			set++
		}
	}
	return set
}

// SourceField names the field of the source that is set, or nothing. Sources that only ever existed in pods are not here.
func SourceField(s *corev1.PersistentVolumeSource) string {
	for _, source := range []struct {
		set  bool
		name string
	}{
		{s.CSI != nil, "csi"},
		{s.NFS != nil, "nfs"},
		{s.HostPath != nil, "hostPath"},
		{s.Local != nil, "local"},
		{s.ISCSI != nil, "iscsi"},
		{s.FC != nil, "fc"},
		{s.FlexVolume != nil, "flexVolume"},
		{s.AWSElasticBlockStore != nil, "awsElasticBlockStore"},
		{s.AzureDisk != nil, "azureDisk"},
		{s.AzureFile != nil, "azureFile"},
		{s.GCEPersistentDisk != nil, "gcePersistentDisk"},
		{s.Cinder != nil, "cinder"},
		{s.VsphereVolume != nil, "vsphereVolume"},
		{s.PortworxVolume != nil, "portworxVolume"},
		{s.RBD != nil, "rbd"},
		{s.CephFS != nil, "cephfs"},
		{s.Glusterfs != nil, "glusterfs"},
		{s.Quobyte != nil, "quobyte"},
		{s.ScaleIO != nil, "scaleIO"},
		{s.StorageOS != nil, "storageos"},
		{s.Flocker != nil, "flocker"},
		{s.PhotonPersistentDisk != nil, "photonPersistentDisk"},
	} {
		if source.set {
			return source.name
		}
	}
	return ""
}
