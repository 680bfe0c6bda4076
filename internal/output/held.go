// SPDX-License-Identifier: Apache-2.0

package output

import (
	"fmt"
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// heldBack says why kube-scheduler does not look at nodes for the pod, and what it waits for.
func heldBack(e *explain.Explanation) string {
	parts := make([]string, len(e.HeldBy))
	for i := range e.HeldBy {
		h := &e.HeldBy[i]
		switch v := h.Volume; {
		case h.Cause == placement.CauseClaimMissing && v.Ephemeral:
			parts[i] = fmt.Sprintf("claim %s of the pod's ephemeral volume %s has not been made yet by kube-controller-manager", v.ClaimName, v.Name)
		case h.Cause == placement.CauseClaimMissing:
			parts[i] = fmt.Sprintf("claim %s does not exist in namespace %s; create it, or correct the pod's volume %s", v.ClaimName, e.Pod.Namespace, v.Name)
		case h.Cause == placement.CauseClaimNotBound:
			parts[i] = notBound(h)
		default:
			parts[i] = h.Detail
		}
	}
	return strings.Join(parts, "; ")
}

// notBound says what a claim waits for that is to be bound before its pod is scheduled.
func notBound(h *explain.Held) string {
	claim, class := h.Volume.Claim, h.Volume.Class
	switch {
	case h.Gone:
		return fmt.Sprintf("claim %s asks for volume %s, which does not exist", claim.Name, claim.VolumeName)
	case claim.VolumeName != "":
		return fmt.Sprintf("claim %s is not bound to volume %s yet: kube-controller-manager binds it if size, access modes, class and claimRef agree",
			claim.Name, claim.VolumeName)
	case claim.Class == "":
		return fmt.Sprintf("claim %s has no class, so it waits for an available volume without a class that fits it (%s)", claim.Name, text.Size(claim.Request))
	case class == nil:
		return fmt.Sprintf("claim %s names class %s, which does not exist", claim.Name, claim.Class)
	case class.Provisions():
		return fmt.Sprintf("claim %s of class %s (binding mode Immediate) waits for provisioner %s to make its volume, wherever that is; look at the events of the claim",
			claim.Name, class.Name, class.Provisioner)
	default:
		return fmt.Sprintf("claim %s of class %s (binding mode Immediate) waits for an available volume of that class that fits it (%s)",
			claim.Name, class.Name, text.Size(claim.Request))
	}
}

// message is how the pod's event begins: FitError.Error of k8s.io/kube-scheduler/framework, for the reasons that volumes give. Empty where
// the pod fits, and where kube-scheduler says it in other ways.
func message(e *explain.Explanation) string {
	var parts []string
	for reason, n := range e.Reasons {
		parts = append(parts, fmt.Sprintf("%d %s", n, reason))
	}
	slices.Sort(parts)
	switch {
	case e.Fits:
		return ""
	case len(e.HeldBy) > 0:
		if parts = []string{preFilter(&e.HeldBy[0])}; parts[0] == "" {
			return ""
		}
	}
	return fmt.Sprintf("0/%d nodes are available: %s.", e.Known.Nodes, strings.Join(parts, ", "))
}

// preFilter is what kube-scheduler says of a volume for which it does not look at nodes.
func preFilter(h *explain.Held) string {
	switch v := h.Volume; h.Cause {
	case placement.CauseClaimMissing:
		if v.Ephemeral {
			return fmt.Sprintf("waiting for ephemeral volume controller to create the persistentvolumeclaim %q", v.ClaimName)
		}
		return fmt.Sprintf("persistentvolumeclaim %q not found", v.ClaimName)
	case placement.CauseClaimLost:
		return fmt.Sprintf("persistentvolumeclaim %q bound to non-existent persistentvolume %q", v.ClaimName, v.Claim.VolumeName)
	case placement.CauseClaimDeleting:
		return fmt.Sprintf("persistentvolumeclaim %q is being deleted", v.ClaimName)
	case placement.CauseClaimNotBound:
		return "pod has unbound immediate PersistentVolumeClaims"
	default:
		return ""
	}
}
