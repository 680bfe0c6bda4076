// SPDX-License-Identifier: Apache-2.0

package capture

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/moorage-k8s/moorage/topology"
)

// keepPod keeps where a pod is, what kube-scheduler said of one that waits, what keepScheduling says, and its volumes, as far as they are of
// storage that the cache looks at: no images, commands and environment; no volumes of Secrets, ConfigMaps, tokens or directories of the host, and of
// directories of the pod's own that it has one, since they are lost when it moves. A pod that has ended takes no room, and is left out if it has no volume
// either, as it is of the cache.
func keepPod(p *corev1.Pod) *corev1.Pod {
	var volumes []corev1.Volume
	for i := range p.Spec.Volumes {
		if kept, ok := keepPodVolume(&p.Spec.Volumes[i]); ok {
			volumes = append(volumes, kept)
		}
	}
	out := &corev1.Pod{
		ObjectMeta: keepMeta(p),
		Spec:       corev1.PodSpec{NodeName: p.Spec.NodeName, Volumes: volumes},
		Status:     corev1.PodStatus{Phase: p.Status.Phase},
	}
	if g := p.Spec.SchedulingGroup; g != nil && g.PodGroupName != nil {
		out.Spec.SchedulingGroup = &corev1.PodSchedulingGroup{PodGroupName: ptr.To(*g.PodGroupName)}
	}
	if len(p.Spec.SchedulingGates) > 0 {
		// That there are gates is what counts, not whose they are.
		out.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "gated"}}
	}
	for i := range p.Status.Conditions {
		switch c := &p.Status.Conditions[i]; {
		case c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse:
			out.Status.Conditions = append(out.Status.Conditions, corev1.PodCondition{
				Type: c.Type, Status: c.Status, Reason: c.Reason, Message: c.Message, LastTransitionTime: c.LastTransitionTime,
			})
		case c.Type == corev1.PodScheduled && p.Status.Phase == corev1.PodPending:
			out.Status.Conditions = append(out.Status.Conditions, corev1.PodCondition{Type: c.Type, Status: c.Status, LastTransitionTime: c.LastTransitionTime})
		case c.Type == corev1.PodReady && c.Status == corev1.ConditionFalse && p.Spec.NodeName != "":
			// For PodDisruptionBudgets: a pod that does not say so is ready.
			out.Status.Conditions = append(out.Status.Conditions, corev1.PodCondition{Type: c.Type, Status: c.Status})
		}
	}
	if p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
		if len(topology.PodFromAPI(out).Volumes) == 0 {
			return nil
		}
		return out
	}
	keepScheduling(p, out)
	return out
}

func keepPodVolume(v *corev1.Volume) (kept corev1.Volume, ok bool) {
	kept.Name = v.Name
	switch {
	case v.PersistentVolumeClaim != nil:
		kept.PersistentVolumeClaim = &corev1.PersistentVolumeClaimVolumeSource{ClaimName: v.PersistentVolumeClaim.ClaimName}
	case v.Ephemeral != nil:
		kept.Ephemeral = &corev1.EphemeralVolumeSource{}
	case v.EmptyDir != nil:
		kept.EmptyDir = &corev1.EmptyDirVolumeSource{}
	case v.CSI != nil:
		kept.CSI = &corev1.CSIVolumeSource{Driver: v.CSI.Driver}
	case v.GCEPersistentDisk != nil:
		kept.GCEPersistentDisk = &corev1.GCEPersistentDiskVolumeSource{PDName: v.GCEPersistentDisk.PDName, ReadOnly: v.GCEPersistentDisk.ReadOnly}
	case v.AWSElasticBlockStore != nil:
		kept.AWSElasticBlockStore = &corev1.AWSElasticBlockStoreVolumeSource{VolumeID: v.AWSElasticBlockStore.VolumeID}
	case v.ISCSI != nil:
		kept.ISCSI = &corev1.ISCSIVolumeSource{IQN: v.ISCSI.IQN, ReadOnly: v.ISCSI.ReadOnly}
	case v.RBD != nil:
		kept.RBD = &corev1.RBDVolumeSource{
			CephMonitors: v.RBD.CephMonitors, RBDPool: v.RBD.RBDPool, RBDImage: v.RBD.RBDImage, ReadOnly: v.RBD.ReadOnly,
		}
	case v.AzureDisk != nil:
		kept.AzureDisk = &corev1.AzureDiskVolumeSource{DiskName: v.AzureDisk.DiskName, DataDiskURI: v.AzureDisk.DataDiskURI, Kind: v.AzureDisk.Kind}
	case v.Cinder != nil:
		kept.Cinder = &corev1.CinderVolumeSource{VolumeID: v.Cinder.VolumeID}
	case v.PortworxVolume != nil:
		kept.PortworxVolume = &corev1.PortworxVolumeSource{VolumeID: v.PortworxVolume.VolumeID, ReadOnly: v.PortworxVolume.ReadOnly}
	default:
		return kept, false
	}
	return kept, true
}
