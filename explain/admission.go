// SPDX-License-Identifier: Apache-2.0

package explain

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	storagehelpers "k8s.io/component-helpers/storage/volume"

	"github.com/moorage-k8s/moorage/topology"
)

// Admit returns claims as the API server would store them: with the default class, where they name none (admission plugin
// DefaultStorageClass).
func Admit(s *topology.Snapshot, claim *corev1.PersistentVolumeClaim) *corev1.PersistentVolumeClaim {
	if storagehelpers.PersistentVolumeClaimHasClass(claim) {
		return claim
	}
	class, ok := s.DefaultStorageClass()
	if !ok {
		return claim
	}
	out := claim.DeepCopy()
	out.Spec.StorageClassName = &class.Name
	return out
}

// EphemeralClaims returns the claims that Kubernetes makes for the pod's generic ephemeral volumes.
func EphemeralClaims(pod *corev1.Pod) []*corev1.PersistentVolumeClaim {
	var out []*corev1.PersistentVolumeClaim
	for i := range pod.Spec.Volumes {
		v := &pod.Spec.Volumes[i]
		if v.Ephemeral == nil || v.Ephemeral.VolumeClaimTemplate == nil {
			continue
		}
		template := v.Ephemeral.VolumeClaimTemplate
		claim := &corev1.PersistentVolumeClaim{ObjectMeta: *template.ObjectMeta.DeepCopy(), Spec: *template.Spec.DeepCopy()}
		claim.Namespace, claim.Name = pod.Namespace, topology.EphemeralClaimName(pod.Name, v.Name)
		claim.OwnerReferences = []metav1.OwnerReference{{
			APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID, Controller: new(true),
		}}
		claim.UID = types.UID("ephemeral:" + claim.Namespace + "/" + claim.Name)
		out = append(out, claim)
	}
	return out
}
