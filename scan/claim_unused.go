// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology"
)

var claimUnusedKind = Kind{
	ID: "claim-unused", Section: Waste,
	Means: "No pod and no workload names a claim.",
	Known: "The claims that pods and the templates of Deployments, StatefulSets, DaemonSets, Jobs, CronJobs and ReplicaSets name; the claims' owners.",
	Not: "For claims younger than 10 minutes or being deleted; for those that a StatefulSet's template names, whether a replica has them or not; for those with an owner, such as an " +
		"operator's object; for one that another claim is being made from.",
	Remedy:    "look at what it holds, then delete it, or take a snapshot first",
	LosesData: "Deleting a claim of class Delete deletes its data.",
	Needs:     []topology.Kind{topology.KindPod, topology.KindClaim, "StatefulSet", "Deployment", "DaemonSet", "Job", "CronJob", "ReplicaSet"},
	Find:      claimUnused,
}

// unusedGrace is how long after its creation a claim may wait for its first user.
const unusedGrace = 10 * time.Minute

func claimUnused(c *Cluster) []Finding {
	named, templates := c.namedClaims()
	var found []Finding
	for _, key := range slices.SortedFunc(maps.Keys(c.Claims), topology.Key.Compare) {
		claim := c.Claims[key]
		series, _, numbered := topology.ClaimSeries(key.Name)
		switch {
		case named[key], claim.DeletionTimestamp != nil, len(c.Users(key)) > 0, owned(claim), !c.lasts(claim.CreationTimestamp.Time, unusedGrace):
			continue
		case numbered && templates[topology.Key{Namespace: key.Namespace, Name: series}]:
			continue
		case claim.Status.Phase == corev1.ClaimLost:
			continue // claim-lost tells of it.
		}
		size := claim.Status.Capacity[corev1.ResourceStorage]
		if size.IsZero() {
			size = claim.Spec.Resources.Requests[corev1.ResourceStorage]
		}
		f := Finding{
			Objects:  []Object{claimObject(key)},
			Since:    c.lastSeenUsed(claim),
			Cause:    fmt.Sprintf("no pod and no workload names claim %s of %s", key, text.Size(topology.Bytes(size))),
			Evidence: []string{fmt.Sprintf("PersistentVolumeClaim %s: status.phase %s, no owner, and no pod, template or other claim that names it", key, claim.Status.Phase)},
			Command:  fmt.Sprintf("kubectl delete pvc %s -n %s", key.Name, key.Namespace),
		}
		if v := c.Volumes[claim.Spec.VolumeName]; v != nil {
			f.LosesData = v.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete
			f.Evidence = append(f.Evidence, fmt.Sprintf("PersistentVolume %s: persistentVolumeReclaimPolicy %s", v.Name, v.Spec.PersistentVolumeReclaimPolicy))
		}
		found = append(found, f)
	}
	return found
}

// namedClaims are the claims that workloads name, or from which other claims are made, and what claims have in common that StatefulSets make.
func (c *Cluster) namedClaims() (named, templates map[topology.Key]bool) {
	named, templates = map[topology.Key]bool{}, map[topology.Key]bool{}
	for _, w := range c.Workloads {
		for i := range w.Pod.Spec.Volumes {
			if claim := w.Pod.Spec.Volumes[i].PersistentVolumeClaim; claim != nil {
				named[topology.Key{Namespace: w.Namespace, Name: claim.ClaimName}] = true
			}
		}
		if w.Set != nil {
			for i := range w.Set.Spec.VolumeClaimTemplates {
				templates[seriesOf(w, w.Set.Spec.VolumeClaimTemplates[i].Name)] = true
			}
		}
	}
	for key, claim := range c.Claims {
		if source := claim.Spec.DataSource; source != nil && source.Kind == string(topology.KindClaim) && claim.Spec.VolumeName == "" {
			named[topology.Key{Namespace: key.Namespace, Name: source.Name}] = true
		}
	}
	return named, templates
}

// owned reports whether something owns a claim: a pod whose end takes it away, or an operator's object.
func owned(claim *corev1.PersistentVolumeClaim) bool { return len(claim.OwnerReferences) > 0 }

// lastSeenUsed is when a claim is last seen to have been used; zero where nothing says so.
func (c *Cluster) lastSeenUsed(claim *corev1.PersistentVolumeClaim) time.Time {
	var at time.Time
	if claim.Spec.VolumeName != "" {
		at = last(c.Events(aboutClaim(claim)...), "SuccessfulAttachVolume", "FileSystemResizeSuccessful")
	}
	return at
}
