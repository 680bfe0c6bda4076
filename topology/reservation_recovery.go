// SPDX-License-Identifier: Apache-2.0

package topology

// recoverReservations looks, after a start, for volumes that were made so shortly before that their pools may not show them
// yet. Whether they do cannot be told: external-provisioner publishes a figure that shows the volume before it writes the volume,
// if the driver was quick. So these are uncertain.
func (s *state) recoverReservations() {
	if s.ledger.recovered {
		return
	}
	for _, kind := range []Kind{KindNode, KindClaim, KindVolume, KindPool} {
		if _, listed := s.listed[kind]; !listed {
			return
		}
	}
	s.ledger.recovered = true
	oldest := s.now().Add(-s.limits.reservation)
	for _, volume := range s.volumes.All() {
		if volume.Created.Before(oldest) {
			continue
		}
		claim, _ := s.claims.Get(volume.ClaimRef)
		if claim == nil || claim.VolumeName != volume.Name || claim.SelectedNode == "" || !claim.HasRequest || !volume.KeptFor(claim) {
			continue
		}
		if s.Reservation(claim.Class, claim.Key()) == nil {
			r := &Reservation{Claim: claim.Key(), UID: claim.UID, Class: claim.Class, Node: claim.SelectedNode, Bytes: claim.Request}
			if bound := min(claim.ResourceVersion, volume.ResourceVersion); !s.publishedSince(r, bound) {
				s.provisioned(r, bound, volume.Created)
			}
		}
	}
}

// publishedSince reports whether a pool of the reservation was published after the resource version.
func (s *state) publishedSince(r *Reservation, bound ResourceVersion) bool {
	for pool := range s.poolsAt(r) {
		if pool.ResourceVersion > bound {
			return true
		}
	}
	return false
}
