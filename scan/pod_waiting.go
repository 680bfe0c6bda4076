// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

var podWaitingKind = Kind{
	ID: "pod-waiting", Section: Stuck,
	Means:  "A pod waits for a node, and no node can take it because of a volume.",
	Known:  "As by 'moorage explain': a volume's constraint is among the fewest that keep the pod off every node, or a claim of the pod keeps it from being scheduled at all.",
	Not:    "Within 60 seconds, or 10 minutes while its volume is being made and nobody says that it fails; where the volumes are innocent, or not all that kube-scheduler says could be looked at; where a claim, a volume, a driver or a node is already reported as the root.",
	Remedy: "do what 'moorage explain' proposes; each change is tried on a copy of the cluster",
	Needs:  []topology.Kind{topology.KindPod, topology.KindNode, topology.KindClaim, topology.KindVolume, topology.KindClass},
	Find:   podWaiting,
}

// waitGrace is how long a pod waits before it is reported.
const waitGrace = 60 * time.Second

func podWaiting(c *Cluster) []Finding {
	pods := c.waiting(func(p *corev1.Pod) bool {
		return p.Spec.NodeName == "" && !c.explained[podObject(keyOf(p))] && c.lasts(explain.UnstartedSince(p), waitGrace)
	})
	asked, _ := c.explainPods(pods)
	var found []Finding
	for i := range asked {
		e := asked[i].says
		if !byVolume(e) || c.beingMade(e) {
			continue
		}
		for _, pod := range asked[i].pods {
			f := Finding{Objects: []Object{podObject(keyOf(pod))}, Since: explain.UnstartedSince(pod), Explained: e, Command: explainCommand("pod", keyOf(pod))}
			if said := explain.SaidOf(pod); said != "" {
				f.Evidence = append(f.Evidence, "kube-scheduler: "+said)
			}
			f.Evidence = append(f.Evidence, fmt.Sprintf("Pod %s: status.conditions PodScheduled False since %s", keyOf(pod), moment(f.Since)))
			for _, key := range c.unboundClaims(pod) {
				f.Hurts = append(f.Hurts, claimObject(key))
			}
			found = append(found, f)
		}
	}
	return found
}

// byVolume reports whether a volume is to blame for it that no node takes a pod.
func byVolume(e *explain.Explanation) bool {
	switch {
	case e.Fits, e.Ended, e.Seen != nil, e.Before != nil, e.Known.Nodes == 0:
		return false
	case e.Held:
		return len(e.HeldBy) > 0
	case len(e.Pinned)+len(e.Unserved)+len(e.Failing) > 0:
		return true
	case e.Together == nil:
		return e.Allowed == 0
	case e.Together.Doubted || e.Together.Fits.Nodes > 0 || e.Together.Unreadable != "":
		return false
	case len(e.Together.Blamed) == 0:
		return e.Allowed == 0
	}
	return slices.ContainsFunc(e.Together.Blamed, func(k int) bool { return e.Together.Constraints[k].Cause != nil })
}

// beingMade reports whether all that a pod waits for are volumes that are being made for it, that nobody says fails, and that were asked for lately.
func (c *Cluster) beingMade(e *explain.Explanation) bool {
	if !e.Held || len(e.HeldBy) == 0 {
		return false
	}
	for i := range e.HeldBy {
		h := &e.HeldBy[i]
		v := h.Volume
		made := h.Cause == placement.CauseClaimNotBound && v.Claim != nil && v.Class != nil && v.Class.Provisions() && h.Wait != nil &&
			h.Wait.Warning == nil && h.Wait.Unserved == nil && h.Wait.Unlabelled == nil && !v.Claim.Created.IsZero() && !c.lasts(v.Claim.Created, provisionGrace)
		if !made {
			return false
		}
	}
	return true
}

// provisionGrace is how long it may take to make a volume of which nobody says that it fails.
const provisionGrace = 10 * time.Minute

// unboundClaims are the claims of a pod that are there and wait for their volumes.
func (c *Cluster) unboundClaims(pod *corev1.Pod) []topology.Key {
	var out []topology.Key
	for i := range pod.Spec.Volumes {
		key := topology.Key{Namespace: pod.Namespace, Name: claimOf(pod, &pod.Spec.Volumes[i])}
		if claim := c.Claims[key]; claim != nil && pending(claim) {
			out = append(out, key)
		}
	}
	return out
}

// pending reports whether a claim has no volume yet.
func pending(claim *corev1.PersistentVolumeClaim) bool {
	return claim.Status.Phase != corev1.ClaimBound && claim.Status.Phase != corev1.ClaimLost && claim.DeletionTimestamp == nil
}
