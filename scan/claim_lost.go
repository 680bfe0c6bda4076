// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/topology"
)

var claimLostKind = Kind{
	ID: "claim-lost", Section: DataAtRisk,
	Means:     "A claim is Lost: the volume that it was bound to is gone, or belongs to another claim by now.",
	Known:     "The claim's status.phase is Lost; whether the volume is there, and whose it is (spec.claimRef).",
	Not:       "While the claim is being deleted.",
	Remedy:    "look whether the volume's data is still there in the storage; if so, make a PersistentVolume of it that is kept for the claim (spec.claimRef), and delete and create the claim",
	LosesData: "Deleting the claim loses nothing that is not lost already; deleting a volume of policy Delete deletes what is left of its data.",
	Needs:     []topology.Kind{topology.KindClaim, topology.KindVolume},
	Explains:  true,
	Find:      claimLost,
}

func claimLost(c *Cluster) []Finding {
	var found []Finding
	for _, key := range slices.SortedFunc(maps.Keys(c.Claims), topology.Key.Compare) {
		claim := c.Claims[key]
		if claim.Status.Phase != corev1.ClaimLost || claim.DeletionTimestamp != nil {
			continue
		}
		f := Finding{Objects: []Object{claimObject(key)}, Hurts: c.usersOf(key), Since: firstAfter(c.Events(aboutClaim(claim)...), time.Time{}, "ClaimLost", "ClaimMisbound")}
		switch v := c.Volumes[claim.Spec.VolumeName]; {
		case v == nil:
			f.Cause = fmt.Sprintf("claim %s was bound to volume %s, which is not in the cluster any more", key, claim.Spec.VolumeName)
		case v.Spec.ClaimRef == nil:
			f.Cause = fmt.Sprintf("claim %s was bound to volume %s, which is there and kept for no claim", key, v.Name)
		default:
			f.Cause = fmt.Sprintf("claim %s was bound to volume %s, which is there and belongs to claim %s/%s (uid %s)",
				key, v.Name, v.Spec.ClaimRef.Namespace, v.Spec.ClaimRef.Name, v.Spec.ClaimRef.UID)
		}
		f.Evidence = []string{fmt.Sprintf("PersistentVolumeClaim %s: status.phase Lost, spec.volumeName %s", key, claim.Spec.VolumeName)}
		f.Command = explainCommand("pvc", key)
		found = append(found, f)
	}
	return found
}
