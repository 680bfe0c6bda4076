// SPDX-License-Identifier: Apache-2.0

package topology

// recoverReservations looks, after a start, for volumes that were made so shortly before that their pools may not show them
// yet. Whether they do cannot be told: external-provisioner publishes a figure that shows the volume before it writes the volume,
// if the driver was quick. So these are uncertain.
func (c *Cache) recoverReservations() {
	if c.ledger.recovered {
		return
	}
	for _, kind := range []Kind{KindNode, KindClaim, KindVolume, KindPool} {
		if !c.fresh.listedOnce(kind) {
			return
		}
	}
	c.ledger.recovered = true
	oldest := c.options.Now().Add(-c.options.ReservationLimit)
	for _, volume := range c.next.volumes.All() {
		if volume.Created.Before(oldest) {
			continue
		}
		claim, _ := c.next.claims.Get(volume.ClaimRef)
		if claim == nil || claim.VolumeName != volume.Name || claim.SelectedNode == "" || !claim.HasRequest || !volume.KeptFor(claim) {
			continue
		}
		if c.next.reservation(claim.Class, claim.Key()) == nil {
			r := &Reservation{Claim: claim.Key(), UID: claim.UID, Class: claim.Class, Node: claim.SelectedNode, Bytes: claim.Request}
			if bound := min(claim.ResourceVersion, volume.ResourceVersion); !c.publishedSince(r, bound) {
				c.provisioned(r, bound, volume.Created)
			}
		}
	}
}

// publishedSince tells whether a pool of the reservation was published after the resource version.
func (c *Cache) publishedSince(r *Reservation, bound ResourceVersion) bool {
	for pool := range c.poolsAt(r) {
		if pool.ResourceVersion > bound {
			return true
		}
	}
	return false
}
