// SPDX-License-Identifier: Apache-2.0

package placement

// volumeAffinity refuses the nodes that a bound volume cannot be reached from: checkBoundClaims of kube-scheduler's
// volumebinding. Without it a pod is sent to a zone where its volume is not.
func volumeAffinity(q *query) {
	for i := range q.d.Volumes {
		v := &q.d.Volumes[i]
		if v.State != Bound || v.Volume.Affinity == nil {
			continue
		}
		refused := q.s.Nodes(v.Volume.Affinity).Clone()
		refused.Not()
		q.refuse(i, ReasonVolumeAffinity, refused)
	}
}
