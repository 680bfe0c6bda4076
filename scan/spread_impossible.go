// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/explain/joint"
	"github.com/moorage-k8s/moorage/nodefit"
	"github.com/moorage-k8s/moorage/topology"
)

var spreadImpossibleKind = Kind{
	ID: "spread-impossible", Section: WillStick,
	Means: "The next replica of a StatefulSet finds no node: where its spread or its anti-affinity lets it go, its volumes cannot be.",
	Known: "The next replica's pod, as the template says, its claims that were kept or those that the templates would make, asked of the engine and of kube-scheduler's other filters.",
	Not: "For preferred constraints (ScheduleAnyway, preferredDuringScheduling…); where the replica would find no node without its volumes either; while replicas are missing, " +
		"which pod-waiting tells of.",
	Remedy: "delete the claim that was kept, if its data is not needed, so that the next replica's volume is made where the spread wants it; or loosen the constraint, or let the class " +
		"make volumes in the other zones",
	LosesData: "Deleting a claim of class Delete deletes its data.",
	Needs:     []topology.Kind{topology.KindNode, topology.KindPod, topology.KindClaim, topology.KindVolume, topology.KindClass},
	Find:      spreadImpossible,
}

func spreadImpossible(c *Cluster) []Finding {
	if c.Ask.Others == nil || c.Snapshot.NumNodes() == 0 {
		return nil
	}
	v := c.settle()
	var found []Finding
	for _, w := range c.statefulSets() {
		pod := nextReplica(w, 0)
		if len(w.Set.Spec.VolumeClaimTemplates) == 0 || w.Meta.DeletionTimestamp != nil || !kept(pod) || !c.complete(w) {
			continue
		}
		a := joint.Ask(joint.Question{Snapshot: v.with(c, w, pod), Engine: c.Ask.Engine, Others: v.others, Pod: nodefit.AsCreated(pod)})
		var byVolumes, bySpread []string
		others := false
		for _, i := range a.Cause() {
			switch by := &a.Constraints[i]; {
			case by.Predicate != "":
				byVolumes = append(byVolumes, by.Text())
			case by.Filter == nodefit.PodTopologySpread || by.Filter == nodefit.InterPodAffinity:
				bySpread = append(bySpread, by.Text())
			default:
				others = true
			}
		}
		if others || len(byVolumes) == 0 || len(bySpread) == 0 {
			continue
		}
		f := Finding{
			Objects: []Object{w.Object}, Command: fmt.Sprintf("kubectl get statefulset %s -n %s -o yaml", w.Name, w.Namespace),
			Cause: fmt.Sprintf("the next replica of StatefulSet %s/%s, %s, would find no node: its spread or anti-affinity and its volumes allow none together",
				w.Namespace, w.Name, pod.Name),
			Evidence: []string{"volumes: " + strings.Join(byVolumes, ", "), "spread or anti-affinity: " + strings.Join(bySpread, ", ")},
		}
		for i := range w.Set.Spec.VolumeClaimTemplates {
			key := topology.Key{Namespace: w.Namespace, Name: strings.Replace(pod.Name, w.Name, w.Set.Spec.VolumeClaimTemplates[i].Name+"-"+w.Name, 1)}
			if claim := c.Snapshot.Claim(key.Namespace, key.Name); claim != nil {
				f.Hurts, f.LosesData = append(f.Hurts, claimObject(key)), true
				f.Evidence = append(f.Evidence, fmt.Sprintf("PersistentVolumeClaim %s was kept, with volume %s", key, claim.VolumeName))
				f.Command = fmt.Sprintf("kubectl moorage explain pvc %s -n %s", key.Name, key.Namespace)
			}
		}
		found = append(found, f)
	}
	return found
}

// kept reports whether a pod asks to be kept from others, or near to them.
func kept(pod *corev1.Pod) bool {
	a := pod.Spec.Affinity
	return slices.ContainsFunc(pod.Spec.TopologySpreadConstraints, func(s corev1.TopologySpreadConstraint) bool { return s.WhenUnsatisfiable == corev1.DoNotSchedule }) ||
		a != nil && (a.PodAntiAffinity != nil && len(a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution) > 0 ||
			a.PodAffinity != nil && len(a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution) > 0)
}

// complete reports whether all replicas of a workload have their nodes.
func (c *Cluster) complete(w *Workload) bool {
	placed := 0
	for _, pod := range c.PodsOf(w.Object) {
		if pod.Spec.NodeName != "" && !ended(pod) && pod.DeletionTimestamp == nil {
			placed++
		}
	}
	return placed >= w.Replicas
}

// with is the settled view with the claims that the pod of a StatefulSet would get.
func (v *settledView) with(c *Cluster, w *Workload, pod *corev1.Pod) *topology.Snapshot {
	draft := v.snapshot.Draft()
	for i := range w.Set.Spec.VolumeClaimTemplates {
		t := w.Set.Spec.VolumeClaimTemplates[i].DeepCopy()
		for j := range pod.Spec.Volumes {
			if pod.Spec.Volumes[j].Name == t.Name {
				t.Name = pod.Spec.Volumes[j].PersistentVolumeClaim.ClaimName
			}
		}
		if v.snapshot.Claim(w.Namespace, t.Name) != nil {
			continue
		}
		t.Namespace, t.CreationTimestamp, t.Status = w.Namespace, metav1.Time{Time: c.Now}, corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimPending}
		if unclassed(t) {
			if class, ok := v.snapshot.DefaultStorageClass(); ok {
				t.Spec.StorageClassName = &class.Name
			}
		}
		if draft.Apply(t) != nil {
			return v.snapshot
		}
	}
	return draft.Snapshot()
}
