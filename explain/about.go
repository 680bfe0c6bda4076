// SPDX-License-Identifier: Apache-2.0

package explain

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moorage-k8s/moorage/explain/event"
	"github.com/moorage-k8s/moorage/topology"
)

// AboutPod are the objects whose events tell of a pod: itself, its claims and their volumes.
func AboutPod(s *topology.Snapshot, pod *corev1.Pod) []event.Object {
	out := []event.Object{{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID}}
	volumes := topology.PodFromAPI(pod).Volumes
	for i := range volumes {
		if claim := s.Claim(pod.Namespace, volumes[i].Claim); claim != nil {
			out = append(out, AboutClaim(claim.Key(), claim.UID, claim.VolumeName)...)
		}
	}
	return out
}

// AboutClaim are the objects whose events tell of a claim: itself and its volume, if it has one.
func AboutClaim(claim topology.Key, uid types.UID, volume string) []event.Object {
	out := []event.Object{{Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name, UID: uid}}
	if volume != "" {
		out = append(out, event.Object{Kind: "PersistentVolume", Name: volume})
	}
	return out
}
