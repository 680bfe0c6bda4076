// SPDX-License-Identifier: Apache-2.0

package placement

import "github.com/moorage-k8s/moorage/topology"

// readWriteOncePod rules out every node while another pod uses a claim that allows one pod only: kube-scheduler's
// volumerestrictions. It looks at claims that pods name, not at ephemeral volumes, whose claims nobody shares.
func readWriteOncePod(q *query) {
	for i := range q.d.Volumes {
		v := &q.d.Volumes[i]
		if v.Claim == nil || v.Ephemeral || !v.Claim.AccessModes.Has(topology.ReadWriteOncePod) {
			continue
		}
		for other := range q.s.Users(v.Claim.Key()) {
			if q.keepsClaim(v, other) {
				q.refuse(i, ReasonReadWriteOncePod, q.s.AllNodes())
				break
			}
		}
	}
}

func readWriteOncePodBecause(q *query, e *Elimination, _ int) (out Evidence) {
	v := &q.d.Volumes[e.Volume]
	for other := range q.s.Users(v.Claim.Key()) {
		if q.keepsClaim(v, other) {
			out.Pods = append(out.Pods, other)
		}
	}
	return out
}

// keepsClaim reports whether a user of the claim keeps it from the pod.
func (q *query) keepsClaim(v *Volume, user *topology.Pod) bool {
	return user.Key() != q.d.Pod.Key() && holdsNode(user) && names(user, v.ClaimName)
}

// names reports whether the pod names the claim, rather than having it made for an ephemeral volume.
func names(pod *topology.Pod, claim string) bool {
	for i := range pod.Volumes {
		if v := &pod.Volumes[i]; v.Claim == claim && !v.Ephemeral {
			return true
		}
	}
	return false
}
