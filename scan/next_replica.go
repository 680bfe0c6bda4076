// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"fmt"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology"
)

// workloads are those of a kind, by namespace and name.
func (c *Cluster) workloads(kind string) []*Workload {
	var out []*Workload
	for _, w := range c.Workloads {
		if w.Kind == kind {
			out = append(out, w)
		}
	}
	slices.SortFunc(out, func(a, b *Workload) int { return compareObjects([]Object{a.Object}, []Object{b.Object}) })
	return out
}

// statefulSets are all there are.
func (c *Cluster) statefulSets() []*Workload {
	return slices.DeleteFunc(c.workloads("StatefulSet"), func(w *Workload) bool { return w.Set == nil })
}

// fromTemplate is a pod of a workload, as its controller would create it.
func fromTemplate(w *Workload, name string) *corev1.Pod {
	controller := true
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: w.Namespace, Name: name, Labels: w.Pod.Labels, Annotations: w.Pod.Annotations,
			OwnerReferences: []metav1.OwnerReference{{APIVersion: appsv1.SchemeGroupVersion.String(), Kind: w.Kind, Name: w.Name, UID: w.Meta.UID, Controller: &controller}},
		},
		Spec: *w.Pod.Spec.DeepCopy(),
	}
	return pod
}

// nextReplica is the pod that a StatefulSet would add, and one of those after it where beyond is more than 0.
func nextReplica(w *Workload, beyond int) *corev1.Pod {
	ordinal := w.Replicas + beyond
	if o := w.Set.Spec.Ordinals; o != nil {
		ordinal += int(o.Start)
	}
	pod := fromTemplate(w, w.Name+"-"+strconv.Itoa(ordinal))
	for i := range w.Set.Spec.VolumeClaimTemplates {
		t := &w.Set.Spec.VolumeClaimTemplates[i]
		pod.Spec.Volumes = slices.DeleteFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == t.Name })
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{
			Name: t.Name, VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: templateClaim(w, t.Name, ordinal)}},
		})
	}
	return pod
}

// templateClaim is the claim that a StatefulSet makes of a template (getPersistentVolumeClaimName in pkg/controller/statefulset of Kubernetes).
func templateClaim(w *Workload, template string, ordinal int) string {
	return fmt.Sprintf("%s-%s-%d", template, w.Name, ordinal)
}

// seriesOf is what the claims of a template of a StatefulSet have in common.
func seriesOf(w *Workload, template string) topology.Key {
	return topology.Key{Namespace: w.Namespace, Name: template + "-" + w.Name}
}

// claimSeries are the claims whose names end in a number, by what comes before it.
func (c *Cluster) claimSeries() map[topology.Key][]*corev1.PersistentVolumeClaim {
	out := map[topology.Key][]*corev1.PersistentVolumeClaim{}
	for key, claim := range c.Claims {
		if series, _, ok := topology.ClaimSeries(key.Name); ok {
			of := topology.Key{Namespace: key.Namespace, Name: series}
			out[of] = append(out[of], claim)
		}
	}
	return out
}

// unclassed reports whether a claim leaves the class to the cluster's default; an empty name asks for a volume without a class.
func unclassed(claim *corev1.PersistentVolumeClaim) bool {
	_, beta := claim.Annotations[corev1.BetaStorageClassAnnotation]
	return !beta && claim.Spec.StorageClassName == nil
}
