// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// heldBy are the volumes for which kube-scheduler does not look at nodes, in the order of what is undecided.
func (q *asked) heldBy() []Held {
	var out []Held
	for _, u := range q.d.Undecided {
		for i := range q.d.Volumes {
			if v := &q.d.Volumes[i]; v.Name == u.Volume && v.State == placement.Held {
				out = append(out, Held{Volume: v, Cause: u.Cause, Detail: u.Detail, Gone: volumeGone(q.Snapshot, v.Claim)})
				break
			}
		}
	}
	return out
}

// volumeGone reports whether a claim names a volume that is not there.
func volumeGone(s *topology.Snapshot, claim *topology.Claim) bool {
	return claim != nil && claim.VolumeName != "" && s.Volume(claim.VolumeName) == nil
}
