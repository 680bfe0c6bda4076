// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/topology"
)

var claimPendingKind = Kind{
	ID: "claim-pending", Section: Stuck,
	Means: "A claim waits for something that will not come by itself: its class is missing, no volume fits it and nobody makes one, or who should make it says why not.",
	Known: "The claim's status.phase is Pending; its class, the volumes of that class, and the Warning events of the claim (ProvisioningFailed, FailedBinding).",
	Not: "Within 120 seconds of the claim's creation, or of the first failure of the present attempt; while it waits for its first consumer, or for a pod that cannot be placed for " +
		"another reason (pod-waiting); while its volume is being made and nobody says that it fails.",
	Remedy:   "do what 'moorage explain' proposes",
	Needs:    []topology.Kind{topology.KindClaim, topology.KindVolume, topology.KindClass, topology.KindNode, topology.KindPod},
	Explains: true,
	Find:     claimPending,
}

// claimGrace is how long a claim waits before it is reported.
const claimGrace = 120 * time.Second

func claimPending(c *Cluster) []Finding {
	var keys []topology.Key
	for _, key := range slices.SortedFunc(maps.Keys(c.Claims), topology.Key.Compare) {
		claim := c.Claims[key]
		if pending(claim) && !c.explained[claimObject(key)] && c.lasts(claim.CreationTimestamp.Time, claimGrace) && c.mayWaitInVain(key) {
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
		since, stuck := c.waitsInVain(e, c.Claims[key])
		if !stuck || !c.lasts(since, claimGrace) {
			continue
		}
		f := Finding{Objects: []Object{claimObject(key)}, Hurts: c.usersOf(key), Since: since, Claim: e, Command: explainCommand("pvc", key)}
		claim := c.Claims[key]
		if silent := c.provisionerSilent(claim); !silent.IsZero() && e.Warning == nil {
			f.Claim = nil
			f.Cause = fmt.Sprintf("claim %s has been left to provisioner %s since %s, and it has not said a word", key, e.Class.Provisioner, moment(silent))
			f.Remedy = "see whether the controller of the driver runs (its pods, their logs, the Lease by which one of them leads)"
		}
		class := "without a class"
		if e.Spec.Class != "" {
			class = "of class " + e.Spec.Class
		}
		f.Evidence = []string{fmt.Sprintf("PersistentVolumeClaim %s %s: status.phase %s", key, class, claim.Status.Phase)}
		if e.Warning != nil {
			f.Evidence = append(f.Evidence, fmt.Sprintf("Event %s, %d times since %s: %s", e.Warning.Reason, e.Warning.Count, moment(e.Warning.First), e.Warning.Message))
		}
		found = append(found, f)
	}
	return found
}

// mayWaitInVain leaves out, before explain is asked, claims that wait for a consumer or are being provisioned without a word.
func (c *Cluster) mayWaitInVain(key topology.Key) bool {
	seen := c.Snapshot.Claim(key.Namespace, key.Name)
	if seen == nil {
		return false
	}
	class := c.Snapshot.Class(seen.Class)
	return class == nil || !class.Delayed || !class.Provisions() || len(c.Warnings(aboutClaim(c.Claims[key])...)) > 0 || !c.provisionerSilent(c.Claims[key]).IsZero()
}

// provisionerSilent is since when kube-controller-manager has left a claim to a provisioner that has said nothing of it; zero where it has, or where no event
// tells. A provisioner begins with an event (Provisioning).
func (c *Cluster) provisionerSilent(claim *corev1.PersistentVolumeClaim) time.Time {
	events := c.Events(aboutClaim(claim)...)
	left := firstAfter(events, claim.CreationTimestamp.Add(-time.Second), "ExternalProvisioning")
	for i := range events {
		if !slices.Contains([]string{"ExternalProvisioning", "WaitForFirstConsumer", "WaitForPodScheduled"}, events[i].Reason) {
			return time.Time{}
		}
	}
	return left
}

// waitsInVain reports whether what a claim waits for will not come by itself, and since when that is so.
func (c *Cluster) waitsInVain(e *explain.ClaimExplanation, claim *corev1.PersistentVolumeClaim) (since time.Time, stuck bool) {
	created := claim.CreationTimestamp.Time
	if e.Warning != nil {
		if known := e.Warning.Known(); known != nil && known.Passing {
			return created, false
		}
	}
	failing := func() (time.Time, bool) {
		events := c.Events(aboutClaim(claim)...)
		first := firstAfter(events, time.Time{}, "ProvisioningFailed", "FailedBinding", "VolumeMismatch")
		if e.Warning == nil {
			silent := c.provisionerSilent(claim)
			return silent, !silent.IsZero()
		}
		return newest(first, created), true
	}
	provisions := e.Class != nil && e.Class.Provisions() && claim.Spec.VolumeName == ""
	switch e.Is {
	case explain.ClaimWithoutClass:
		return created, !c.classMayCome(e)
	case explain.ClaimUnbound:
		if provisions {
			return failing()
		}
		return created, true // No volume fits, and nobody makes one.
	case explain.ClaimWaiting, explain.ClaimProvisioning, explain.ClaimForWrongNode, explain.ClaimUnusable:
		if provisions {
			return failing()
		}
		// A delayed claim of a class that makes nothing waits for a volume only where somebody waits for it.
		return created, len(c.unstartedUsers(keyOf(claim))) > 0 && c.noVolumeFits(e)
	default:
		return created, false
	}
}

// classMayCome reports whether a claim without a class may still get one: the cluster has a default class, or will have.
func (c *Cluster) classMayCome(e *explain.ClaimExplanation) bool { return e.Spec.Class == "" }

// noVolumeFits reports whether there is no volume anywhere that a claim of a class which makes none could be bound to.
func (c *Cluster) noVolumeFits(e *explain.ClaimExplanation) bool { return e.Alone != nil }

// unstartedUsers are the pods that use a claim and have not started.
func (c *Cluster) unstartedUsers(claim topology.Key) []*corev1.Pod {
	return slices.DeleteFunc(slices.Clone(c.Users(claim)), func(p *corev1.Pod) bool { return !explain.Unstarted(p) })
}
