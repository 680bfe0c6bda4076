// SPDX-License-Identifier: Apache-2.0

package output

import (
	"fmt"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// waiting says why a claim has no volume that can be used.
func waiting(v *placement.Volume, cause placement.Cause, w *explain.ClaimWait) string {
	claim := v.Claim
	switch cause {
	case placement.CauseClaimNotOurs:
		return notOurs(v, w)
	case placement.CauseClaimLost, placement.CauseVolumeMissing:
		return lost(claim, w)
	case placement.CauseClaimDeleting:
		return deleting(claim, w)
	case placement.CauseClassMissing:
		return classMissing(claim, w)
	case placement.CauseClaimNotBound:
		return notBound(claim, v.Class, w)
	default:
		return fmt.Sprintf("claim %s waits", claim.Name)
	}
}

func notOurs(v *placement.Volume, w *explain.ClaimWait) string {
	what := fmt.Sprintf("claim %s, which the pod's ephemeral volume %s is to have, exists already and is not owned by the pod", v.ClaimName, v.Name)
	if v.Claim.Owner != "" && w.OwnerGone {
		what += " (but by one that is not there, such as an earlier pod of the name)"
	}
	return what
}

func lost(claim *topology.Claim, w *explain.ClaimWait) string {
	switch v := w.Volume; {
	case claim.VolumeName == "":
		return fmt.Sprintf("claim %s is Lost: it was bound, and does not say to which volume any more", claim.Name)
	case v == nil && claim.Lost:
		return fmt.Sprintf("claim %s has lost its volume %s, which does not exist any more", claim.Name, claim.VolumeName)
	case v == nil:
		return fmt.Sprintf("claim %s is bound to volume %s, which does not exist", claim.Name, claim.VolumeName)
	case v.HasClaimRef && v.ClaimRef == claim.Key() && !v.KeptFor(claim):
		return fmt.Sprintf("claim %s is Lost, but its volume %s is there: the volume's claimRef has the uid of an earlier claim of this name (%s, this claim has %s), as after a restore from a backup",
			claim.Name, v.Name, v.ClaimRefUID, claim.UID)
	case v.HasClaimRef && v.ClaimRef != claim.Key():
		return fmt.Sprintf("claim %s is Lost: its volume %s is there, but belongs to claim %s", claim.Name, v.Name, v.ClaimRef)
	default:
		return fmt.Sprintf("claim %s is Lost, but its volume %s is there and kept for it, so kube-controller-manager binds them again", claim.Name, v.Name)
	}
}

func deleting(claim *topology.Claim, w *explain.ClaimWait) string {
	if len(w.Keepers) > 0 {
		return fmt.Sprintf("claim %s is being deleted, and %s %s it", claim.Name, text.Few(w.Keepers, userText), keeps(len(w.Keepers)))
	}
	what := fmt.Sprintf("claim %s is being deleted, and no pod that has a node keeps it", claim.Name)
	if others := otherFinalizers(w); len(others) > 0 {
		return what + "; it stays until its " + text.Plural(len(others), "finalizer") + " " + text.And(others) + " " + isGone(len(others))
	}
	return what + ", so it goes by itself"
}

func keeps(n int) string {
	if n == 1 {
		return "keeps"
	}
	return "keep"
}

func isGone(n int) string {
	if n == 1 {
		return "is taken away by what set it"
	}
	return "are taken away by what set them"
}

// otherFinalizers are those that kube-controller-manager does not take away by itself once no pod has the claim.
func otherFinalizers(w *explain.ClaimWait) []string {
	var out []string
	for _, f := range w.Finalizers {
		if f != "kubernetes.io/pvc-protection" {
			out = append(out, f)
		}
	}
	return out
}

func classMissing(claim *topology.Claim, w *explain.ClaimWait) string {
	if w.Used || len(w.Near) > 0 && w.Near[0].Volume.Class == claim.Class {
		return fmt.Sprintf("claim %s waits for an available volume of class %s that fits it (%s); there is no StorageClass of that name, so none is made%s",
			claim.Name, claim.Class, text.Size(claim.Request), near(claim, w))
	}
	return fmt.Sprintf("claim %s names class %s, which does not exist%s", claim.Name, claim.Class, meant(claim.Class, w.Classes)) + near(claim, w)
}

// near ends a sentence with the volumes that come nearest.
func near(claim *topology.Claim, w *explain.ClaimWait) string {
	if len(w.Near) == 0 {
		return ""
	}
	return ": " + nearMisses(w.Near, claim, w.Default)
}

// notBound says what a claim waits for that is to be bound before its pod is scheduled.
func notBound(claim *topology.Claim, class *topology.Class, w *explain.ClaimWait) string {
	size := text.Size(claim.Request)
	switch {
	case claim.VolumeName != "" && w.Volume == nil:
		return fmt.Sprintf("claim %s asks for volume %s, which does not exist", claim.Name, claim.VolumeName)
	case claim.VolumeName != "" && len(w.Near) > 0 && len(w.Near[0].Fails) > 0:
		return fmt.Sprintf("claim %s asks for a volume that it cannot be bound to: %s", claim.Name, nearMiss(&w.Near[0], claim, w.Default))
	case claim.VolumeName != "":
		return fmt.Sprintf("claim %s is not bound to volume %s yet, and nothing is in the way: kube-controller-manager is to bind it", claim.Name, claim.VolumeName)
	case claim.Class == "" && claim.Unclassed && w.Default == "":
		return fmt.Sprintf("claim %s names no class, no StorageClass is marked as default, and no available volume without a class fits it (%s)%s", claim.Name, size, near(claim, w))
	case claim.Class == "" && claim.Unclassed:
		return fmt.Sprintf("claim %s names no class; kube-controller-manager is to fill in the default class %s (Kubernetes 1.28 and later)%s", claim.Name, w.Default, near(claim, w))
	case claim.Class == "":
		return fmt.Sprintf(`claim %s wants a volume without a class (storageClassName: ""), and no available one fits it (%s)%s`, claim.Name, size, near(claim, w))
	case class == nil:
		return classMissing(claim, w)
	case class.Provisions():
		return provisioning(claim, class, w)
	default:
		return fmt.Sprintf("claim %s of class %s (binding mode Immediate) waits for an available volume of that class that fits it (%s)%s", claim.Name, class.Name, size, near(claim, w))
	}
}

// provisioning says why a volume that is to be made for a claim of a class with the binding mode Immediate is not there.
func provisioning(claim *topology.Claim, class *topology.Class, w *explain.ClaimWait) string {
	what := fmt.Sprintf("claim %s of class %s (binding mode Immediate) waits for provisioner %s to make its volume", claim.Name, class.Name, class.Provisioner)
	switch {
	case w.Unserved != nil:
		what += ", and " + unserved(w.Unserved)
		if w.Warning != nil {
			what += "; " + inItsWords(w.Warning)
		}
		return what
	case claim.Selector != nil:
		return what + ", which makes none for a claim with a selector" + near(claim, w)
	case w.Unlabelled != nil:
		return fmt.Sprintf("claim %s of class %s (binding mode Immediate) has no volume, because no node has labels for all topology keys of driver %s (%s), "+
			"so external-provisioner finds no place for it ('topologyKeys … were not found on any nodes')", claim.Name, class.Name, w.Unlabelled.Driver, text.And(w.Unlabelled.Keys))
	case w.Warning != nil:
		return fmt.Sprintf("the volume of claim %s of class %s (binding mode Immediate) could not be made: %s", claim.Name, class.Name, inItsWords(w.Warning))
	default:
		return what + ", wherever that is; look at the events of the claim"
	}
}
