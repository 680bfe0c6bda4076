// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"fmt"
	"strings"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// heldBack says why kube-scheduler does not look at nodes for the pod, and what it waits for.
func (q *asked) heldBack() string {
	var parts []string
	for _, u := range q.d.Undecided {
		for i := range q.d.Volumes {
			if v := &q.d.Volumes[i]; v.Name == u.Volume && v.State == placement.Held {
				parts = append(parts, q.heldBy(v, u))
				break
			}
		}
	}
	return strings.Join(parts, "; ")
}

func (q *asked) heldBy(v *placement.Volume, u placement.Undecided) string {
	switch u.Cause {
	case placement.CauseClaimMissing:
		if v.Ephemeral {
			return fmt.Sprintf("claim %s of the pod's ephemeral volume %s has not been made yet by kube-controller-manager", v.ClaimName, v.Name)
		}
		return fmt.Sprintf("claim %s does not exist in namespace %s; create it, or correct the pod's volume %s", v.ClaimName, q.Pod.Namespace, v.Name)
	case placement.CauseClaimNotBound:
		return notBound(q.Snapshot, v.Claim)
	default:
		return u.Detail
	}
}

// notBound says what a claim waits for that is to be bound before its pod is scheduled.
func notBound(s *topology.Snapshot, claim *topology.Claim) string {
	class := s.Class(claim.Class)
	switch {
	case claim.VolumeName != "" && s.Volume(claim.VolumeName) == nil:
		return fmt.Sprintf("claim %s asks for volume %s, which does not exist", claim.Name, claim.VolumeName)
	case claim.VolumeName != "":
		return fmt.Sprintf("claim %s is not bound to volume %s yet: kube-controller-manager binds it if size, access modes, class and claimRef agree",
			claim.Name, claim.VolumeName)
	case claim.Class == "":
		return fmt.Sprintf("claim %s has no class, so it waits for an available volume without a class that fits it (%s)", claim.Name, Size(claim.Request))
	case class == nil:
		return fmt.Sprintf("claim %s names class %s, which does not exist", claim.Name, claim.Class)
	case class.Provisions():
		return fmt.Sprintf("claim %s of class %s (binding mode Immediate) waits for provisioner %s to make its volume, wherever that is; look at the events of the claim",
			claim.Name, class.Name, class.Provisioner)
	default:
		return fmt.Sprintf("claim %s of class %s (binding mode Immediate) waits for an available volume of that class that fits it (%s)",
			claim.Name, class.Name, Size(claim.Request))
	}
}
