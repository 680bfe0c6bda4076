// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// Held is a volume for which kube-scheduler does not look at nodes.
type Held struct {
	Volume *placement.Volume
	Cause  placement.Cause
	Detail string
	// Gone tells that the volume which the claim names is not in the cluster.
	Gone bool
	// Wait is what is known of why the claim has no volume that can be used; nil where there is no claim.
	Wait *ClaimWait
	// Names are those of the namespace's claims, where the pod's is missing.
	Names []string
	// Maker is the StatefulSet whose pods' claims are made by it; empty for other pods.
	Maker string
}

// heldBy are the volumes for which kube-scheduler does not look at nodes, in the order of what is undecided.
func (q *asked) heldBy() []Held {
	var out []Held
	for _, u := range q.d.Undecided {
		at := slices.IndexFunc(q.d.Volumes, func(v placement.Volume) bool { return v.Name == u.Volume && v.State == placement.Held })
		if at < 0 {
			continue
		}
		v := &q.d.Volumes[at]
		h := Held{Volume: v, Cause: u.Cause, Detail: u.Detail, Gone: volumeGone(q.Snapshot, v.Claim)}
		if v.Claim != nil {
			h.Wait = q.wait(v)
		}
		if u.Cause == placement.CauseClaimMissing {
			h.Names = claimsIn(q.Snapshot, q.Pod.Namespace)
		}
		if q.Whole != nil {
			if owner := metav1.GetControllerOfNoCopy(q.Whole); owner != nil && owner.Kind == "StatefulSet" {
				h.Maker = owner.Name
			}
		}
		out = append(out, h)
	}
	return out
}

// volumeGone reports whether a claim names a volume that is not there.
func volumeGone(s *topology.Snapshot, claim *topology.Claim) bool {
	return claim != nil && claim.VolumeName != "" && s.Volume(claim.VolumeName) == nil
}

func claimsIn(s *topology.Snapshot, namespace string) []string {
	var out []string
	for _, key := range s.Keys(topology.KindClaim) {
		if key.Namespace == namespace {
			out = append(out, key.Name)
		}
	}
	return out
}
