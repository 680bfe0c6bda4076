// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/topology"
)

var resizeStuckKind = Kind{
	ID: "resize-stuck", Section: Stuck,
	Means: "A volume is to grow, and does not: its driver refuses or fails, nobody has begun, or the node does not grow the file system.",
	Known: "The claim's spec.resources.requests against status.capacity, its conditions (Resizing, FileSystemResizePending, ControllerResizeError, NodeResizeError) and " +
		"status.allocatedResourceStatuses.",
	Not:    "Within 10 minutes of the condition, or of the change of the request. For a file system that waits for a pod to run (FileSystemResizePending).",
	Remedy: "do what 'moorage explain' proposes",
	Needs:  []topology.Kind{topology.KindClaim, topology.KindPod},
	Find:   func(c *Cluster) []Finding { return changing(c, resizeOf) },
}

var modifyStuckKind = Kind{
	ID: "modify-stuck", Section: Stuck,
	Means:  "A volume is to get another VolumeAttributesClass, and does not: the class is missing, or the driver refuses or fails.",
	Known:  "The claim's spec.volumeAttributesClassName, status.modifyVolumeStatus, and its conditions ModifyingVolume and ModifyVolumeError.",
	Not:    "Within 10 minutes of the condition, or of the change of the claim.",
	Remedy: "do what 'moorage explain' proposes",
	Needs:  []topology.Kind{topology.KindClaim},
	Find:   func(c *Cluster) []Finding { return changing(c, modifyOf) },
}

// changeGrace is how long a change of a volume may take.
const changeGrace = 10 * time.Minute

// changing looks for bound claims whose volumes are to change.
func changing(c *Cluster, of func(*Cluster, *explain.ClaimExplanation) (since time.Time, stuck bool)) []Finding {
	var keys []topology.Key
	for _, key := range slices.SortedFunc(maps.Keys(c.Claims), topology.Key.Compare) {
		claim := c.Claims[key]
		if claim.Status.Phase == corev1.ClaimBound && claim.DeletionTimestamp == nil && explain.InFull(claim) {
			keys = append(keys, key)
		}
	}
	answers := c.explainClaims(keys)
	var found []Finding
	for _, key := range keys {
		e := answers[key]
		if e == nil {
			continue
		}
		since, stuck := of(c, e)
		claim := c.Claims[key]
		if since.IsZero() {
			since = changed(claim)
		}
		if !stuck || !c.lasts(since, changeGrace) {
			continue
		}
		f := Finding{Objects: []Object{claimObject(key)}, Hurts: c.usersOf(key), Since: since, Claim: e, Command: explainCommand("pvc", key)}
		for i := range claim.Status.Conditions {
			cond := &claim.Status.Conditions[i]
			f.Evidence = append(f.Evidence, fmt.Sprintf("condition %s %s since %s: %s", cond.Type, cond.Status, moment(cond.LastTransitionTime.Time), cmp.Or(cond.Message, "no message")))
		}
		requested, has := claim.Spec.Resources.Requests[corev1.ResourceStorage], claim.Status.Capacity[corev1.ResourceStorage]
		f.Evidence = append(f.Evidence, fmt.Sprintf("PersistentVolumeClaim %s: requests %s, status.capacity %s", key, requested.String(), has.String()))
		found = append(found, f)
	}
	return found
}

// resizeOf is for a volume that is to grow. The driver's controller tells of each try with the same words, and so of a new attempt with the first of them.
func resizeOf(c *Cluster, e *explain.ClaimExplanation) (since time.Time, stuck bool) {
	r, key := e.Resize, e.Spec.Key()
	running := slices.ContainsFunc(c.Users(key), func(p *corev1.Pod) bool { return p.Status.Phase == corev1.PodRunning })
	if r == nil || r.Is == explain.ResizeNode && !running {
		return time.Time{}, false
	}
	if since = r.Since; !since.IsZero() || r.Is == explain.ResizeUnseen {
		since = newest(since, firstAfter(c.Events(aboutClaim(c.Claims[key])...), time.Time{}, "Resizing", "ExternalExpanding"))
	}
	return since, true
}

func modifyOf(_ *Cluster, e *explain.ClaimExplanation) (since time.Time, stuck bool) {
	if e.Modify == nil {
		return time.Time{}, false
	}
	return e.Modify.Since, true
}

// changed is when a claim was changed last by who may change what it asks for, where its managers are known; else when it was made.
func changed(claim *corev1.PersistentVolumeClaim) time.Time {
	out := claim.CreationTimestamp.Time
	for _, m := range claim.ManagedFields {
		if m.Subresource == "" && m.Time != nil && m.Operation != "" && m.Manager != "kube-controller-manager" {
			out = newest(out, m.Time.Time)
		}
	}
	return out
}
