// SPDX-License-Identifier: Apache-2.0

package capture

import (
	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	corev1 "k8s.io/api/core/v1"
	storagehelpers "k8s.io/component-helpers/storage/volume"
)

// allowModeChangeAnnotation marks snapshot contents whose volumes may get another volumeMode (see
// topology.VolumeSnapshotContent).
const allowModeChangeAnnotation = "snapshot.storage.kubernetes.io/allow-volume-mode-change"

// keepVolume keeps the labels, as claims select volumes by them, and of the source what keepSource says.
func keepVolume(v *corev1.PersistentVolume) *corev1.PersistentVolume {
	out := &corev1.PersistentVolume{
		ObjectMeta: keepMeta(v, corev1.BetaStorageClassAnnotation),
		Spec: corev1.PersistentVolumeSpec{
			AccessModes: v.Spec.AccessModes, StorageClassName: v.Spec.StorageClassName, VolumeMode: v.Spec.VolumeMode,
			NodeAffinity: v.Spec.NodeAffinity.DeepCopy(), VolumeAttributesClassName: v.Spec.VolumeAttributesClassName,
			PersistentVolumeReclaimPolicy: v.Spec.PersistentVolumeReclaimPolicy,
			PersistentVolumeSource:        keepSource(&v.Spec.PersistentVolumeSource),
		},
		Status: corev1.PersistentVolumeStatus{Phase: v.Status.Phase, LastPhaseTransitionTime: v.Status.LastPhaseTransitionTime},
	}
	out.Labels, out.Finalizers = v.Labels, keepFinalizers(v)
	out.Spec.Capacity = keepStorage(v.Spec.Capacity)
	if ref := v.Spec.ClaimRef; ref != nil {
		out.Spec.ClaimRef = &corev1.ObjectReference{APIVersion: ref.APIVersion, Kind: ref.Kind, Namespace: ref.Namespace, Name: ref.Name, UID: ref.UID}
	}
	return out
}

func keepStorage(l corev1.ResourceList) corev1.ResourceList {
	q, ok := l[corev1.ResourceStorage]
	if !ok {
		return nil
	}
	return corev1.ResourceList{corev1.ResourceStorage: q}
}

// keepSource keeps what a volume is: of a CSI volume its driver and handle, without its attributes and without the names of
// Secrets; of disks that a CSI driver may serve what their handle is made of; of all others only which source it is.
func keepSource(s *corev1.PersistentVolumeSource) corev1.PersistentVolumeSource {
	var out corev1.PersistentVolumeSource
	switch {
	case s.CSI != nil:
		out.CSI = &corev1.CSIPersistentVolumeSource{
			Driver: s.CSI.Driver, VolumeHandle: s.CSI.VolumeHandle, FSType: s.CSI.FSType, ReadOnly: s.CSI.ReadOnly,
		}
	case s.AWSElasticBlockStore != nil:
		out.AWSElasticBlockStore = &corev1.AWSElasticBlockStoreVolumeSource{VolumeID: s.AWSElasticBlockStore.VolumeID}
	case s.GCEPersistentDisk != nil:
		out.GCEPersistentDisk = &corev1.GCEPersistentDiskVolumeSource{PDName: s.GCEPersistentDisk.PDName}
	case s.AzureDisk != nil:
		out.AzureDisk = &corev1.AzureDiskVolumeSource{DataDiskURI: s.AzureDisk.DataDiskURI, Kind: s.AzureDisk.Kind}
	case s.AzureFile != nil:
		out.AzureFile = &corev1.AzureFilePersistentVolumeSource{SecretNamespace: s.AzureFile.SecretNamespace}
	case s.Cinder != nil:
		out.Cinder = &corev1.CinderPersistentVolumeSource{VolumeID: s.Cinder.VolumeID}
	case s.PortworxVolume != nil:
		out.PortworxVolume = &corev1.PortworxVolumeSource{VolumeID: s.PortworxVolume.VolumeID}
	case s.VsphereVolume != nil:
		out.VsphereVolume = &corev1.VsphereVirtualDiskVolumeSource{}
	default:
		return keepSourceName(s)
	}
	return out
}

// keepSourceName keeps which source is set, and nothing in it.
func keepSourceName(s *corev1.PersistentVolumeSource) corev1.PersistentVolumeSource {
	return corev1.PersistentVolumeSource{
		NFS: emptied(s.NFS), HostPath: emptied(s.HostPath), Local: emptied(s.Local), ISCSI: emptied(s.ISCSI), FC: emptied(s.FC),
		FlexVolume: emptied(s.FlexVolume), RBD: emptied(s.RBD), CephFS: emptied(s.CephFS), Glusterfs: emptied(s.Glusterfs),
		Quobyte: emptied(s.Quobyte), ScaleIO: emptied(s.ScaleIO), StorageOS: emptied(s.StorageOS), Flocker: emptied(s.Flocker),
		PhotonPersistentDisk: emptied(s.PhotonPersistentDisk),
	}
}

func emptied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(T)
}

func keepClaim(c *corev1.PersistentVolumeClaim) *corev1.PersistentVolumeClaim {
	out := &corev1.PersistentVolumeClaim{
		ObjectMeta: keepMeta(c, storagehelpers.AnnBindCompleted, storagehelpers.AnnSelectedNode, corev1.BetaStorageClassAnnotation),
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: c.Spec.AccessModes, Selector: c.Spec.Selector.DeepCopy(), VolumeName: c.Spec.VolumeName,
			StorageClassName: c.Spec.StorageClassName, VolumeMode: c.Spec.VolumeMode,
			VolumeAttributesClassName: c.Spec.VolumeAttributesClassName,
			DataSourceRef:             keepDataSource(c),
			Resources:                 corev1.VolumeResourceRequirements{Requests: keepStorage(c.Spec.Resources.Requests)},
		},
		Status: corev1.PersistentVolumeClaimStatus{
			Phase: c.Status.Phase, Capacity: keepStorage(c.Status.Capacity), AllocatedResourceStatuses: c.Status.AllocatedResourceStatuses,
			CurrentVolumeAttributesClassName: c.Status.CurrentVolumeAttributesClassName, ModifyVolumeStatus: c.Status.ModifyVolumeStatus.DeepCopy(),
		},
	}
	out.Finalizers = keepFinalizers(c)
	for i := range c.Status.Conditions {
		cond := &c.Status.Conditions[i]
		out.Status.Conditions = append(out.Status.Conditions, corev1.PersistentVolumeClaimCondition{
			Type: cond.Type, Status: cond.Status, LastTransitionTime: cond.LastTransitionTime,
		})
	}
	return out
}

// keepDataSource keeps which claim or snapshot a claim's data source is; of others only the kind.
func keepDataSource(c *corev1.PersistentVolumeClaim) *corev1.TypedObjectReference {
	var kept corev1.TypedObjectReference
	switch {
	case c.Spec.DataSourceRef != nil:
		kept = *c.Spec.DataSourceRef.DeepCopy()
	case c.Spec.DataSource != nil:
		kept = corev1.TypedObjectReference{APIGroup: c.Spec.DataSource.APIGroup, Kind: c.Spec.DataSource.Kind, Name: c.Spec.DataSource.Name}
	default:
		return nil
	}
	if kept.APIGroup != nil && *kept.APIGroup != corev1.GroupName && *kept.APIGroup != snapshotv1.GroupName {
		kept.Name, kept.Namespace = "", nil
	}
	return &kept
}

func keepSnapshotContent(c *snapshotv1.VolumeSnapshotContent) *snapshotv1.VolumeSnapshotContent {
	return &snapshotv1.VolumeSnapshotContent{
		ObjectMeta: keepMeta(c, allowModeChangeAnnotation),
		Spec: snapshotv1.VolumeSnapshotContentSpec{
			Source: snapshotv1.VolumeSnapshotContentSource{VolumeHandle: c.Spec.Source.VolumeHandle},
			Driver: c.Spec.Driver, SourceVolumeMode: c.Spec.SourceVolumeMode, DeletionPolicy: c.Spec.DeletionPolicy,
			VolumeSnapshotRef: corev1.ObjectReference{Namespace: c.Spec.VolumeSnapshotRef.Namespace, Name: c.Spec.VolumeSnapshotRef.Name},
		},
	}
}

func keepSnapshot(s *snapshotv1.VolumeSnapshot) *snapshotv1.VolumeSnapshot {
	out := &snapshotv1.VolumeSnapshot{
		ObjectMeta: keepMeta(s),
		Spec:       snapshotv1.VolumeSnapshotSpec{VolumeSnapshotClassName: s.Spec.VolumeSnapshotClassName, Source: s.Spec.Source},
	}
	if s.Status != nil {
		out.Status = &snapshotv1.VolumeSnapshotStatus{
			BoundVolumeSnapshotContentName: s.Status.BoundVolumeSnapshotContentName, RestoreSize: s.Status.RestoreSize,
		}
	}
	return out
}
