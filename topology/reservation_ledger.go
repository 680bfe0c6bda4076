// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"
)

// This file makes, confirms and ends reservations.
//
// A reservation begins with the node that the scheduler selects for a claim (the annotation) and is in flight until the claim
// has its volume. From then on the question is whether the pool's published capacity shows the volume already. The
// external-provisioner publishes a capacity anew as soon as it has made a volume, at the same time as it writes the volume
// and before the claim is bound, and again only when the figure changes. It asks the driver first and then waits for its turn
// to write, so a figure can be older than its resource version; but it asks of one pool anew only when it has written of it
// (syncCapacity in external-provisioner v6). So a reservation of a volume that was made ends when
//
//   - the capacity was published after the node was selected and went down by the claim's size, and no other claim accounts
//     for that; or
//   - the capacity was published twice after the claim was bound, by their resource versions; or
//   - neither is seen for Options.ReservationLimit, for drivers whose figure does not go down by what they provision.
//
// It ends in any state when the claim is deleted, and in flight when the selected node is taken away: provisioning failed.

// DefaultReservationLimit is twice the usual interval at which capacities are polled.
const DefaultReservationLimit = 2 * time.Minute

// endings are why a reservation ended, for the metrics.
type ending int

const (
	endedPublished ending = iota
	endedAccounted
	endedFailed
	endedDeleted
	endedTimedOut
	endedNoPool
	numEndings
)

var endingNames = [numEndings]string{"published", "accounted", "failed", "deleted", "timed-out", "no-pool"}

// ledger is the writer's own part of the bookkeeping.
type ledger struct {
	// drops are, by pool, falls of the published capacity that no volume accounts for yet, oldest first.
	drops map[Key][]capacityDrop
	timer *time.Timer
	ended [numEndings]atomic.Uint64
	// recovered is set once the reservations of volumes that were made before the start have been looked for.
	recovered bool
}

// capacityDrop is by how much a pool's capacity fell when it was published with the resource version.
type capacityDrop struct {
	at    ResourceVersion
	bytes int64
}

// maxDrops bounds the falls that are kept for a pool. One is taken up as soon as the claim is seen bound, a moment later.
const maxDrops = 16

// reserve keeps a claim's reservation in step with the claim, of which nil is a deleted one.
func (c *Cache) reserve(key Key, old, claim *Claim) {
	var was *Reservation
	if old != nil {
		was = c.next.reservation(old.Class, key)
	}
	if was != nil && (claim == nil || claim.UID != was.UID || claim.Class != was.Class) {
		c.forsaken(was)
		was = nil
	}
	switch {
	case claim == nil:
	case claim.VolumeName == "" && claim.SelectedNode != "" && claim.HasRequest && !claim.Lost:
		if was != nil && was.Node != claim.SelectedNode {
			c.provisioningFailed(was)
			was = nil
		}
		if was == nil || was.Bytes != claim.Request || was.Provisioned {
			c.setReservation(&Reservation{
				Claim: key, UID: claim.UID, Class: claim.Class, Node: claim.SelectedNode, Bytes: claim.Request,
				selected: claim.ResourceVersion,
			})
		}
	case was == nil:
	case claim.VolumeName == "":
		c.provisioningFailed(was)
	case !was.Provisioned:
		c.provisioned(was, claim.ResourceVersion, c.options.Now())
	}
}

// provisioned follows a reservation whose claim has got its volume.
func (c *Cache) provisioned(was *Reservation, bound ResourceVersion, at time.Time) {
	r := *was
	r.Provisioned, r.bound, r.boundAt = true, bound, at
	limited := false
	for pool := range c.poolsAt(&r) {
		limited = true
		if c.ledger.account(pool.Key(), &r) {
			c.release(was, endedAccounted)
			return
		}
		if pool.ResourceVersion > r.bound {
			r.published = max(r.published, pool.ResourceVersion)
		}
	}
	if !limited {
		c.release(was, endedNoPool)
		return
	}
	c.setReservation(&r)
	c.expireLater()
}

// forsaken ends the reservation of a claim that is gone. Its volume may have been made all the same, so what the capacity fell
// by is no longer there for another claim.
func (c *Cache) forsaken(r *Reservation) {
	if !r.Provisioned {
		for pool := range c.poolsAt(r) {
			if c.ledger.account(pool.Key(), r) {
				break
			}
		}
	}
	c.release(r, endedDeleted)
}

// account finds the volume in what the pool's capacity fell by since its node was selected, and takes it off.
func (l *ledger) account(pool Key, r *Reservation) bool {
	drops := l.drops[pool]
	var seen int64
	for _, drop := range drops {
		if drop.at > r.selected {
			seen += drop.bytes
		}
	}
	if seen < r.Bytes {
		return false
	}
	left := r.Bytes
	for i := range drops {
		if drops[i].at > r.selected {
			taken := min(left, drops[i].bytes)
			drops[i].bytes, left = drops[i].bytes-taken, left-taken
		}
	}
	l.keep(pool, slices.DeleteFunc(drops, func(d capacityDrop) bool { return d.bytes == 0 }))
	return true
}

// rose takes what a pool's capacity rose by off what it fell by before: volumes were deleted, perhaps the same.
func (l *ledger) rose(pool Key, bytes int64) {
	drops := l.drops[pool]
	for i := range drops {
		taken := min(bytes, drops[i].bytes)
		drops[i].bytes, bytes = drops[i].bytes-taken, bytes-taken
	}
	l.keep(pool, slices.DeleteFunc(drops, func(d capacityDrop) bool { return d.bytes == 0 }))
}

func (l *ledger) keep(pool Key, drops []capacityDrop) {
	if len(drops) == 0 {
		delete(l.drops, pool)
		return
	}
	if l.drops == nil {
		l.drops = map[Key][]capacityDrop{}
	}
	l.drops[pool] = drops[max(0, len(drops)-maxDrops):]
}

// republished ends the reservations that the pool's new capacity shows. Either may be nil: a pool that is new or gone.
func (c *Cache) republished(old, pool *Pool) {
	if old != nil && (pool == nil || pool.Class != old.Class) {
		c.ledger.keep(old.Key(), nil)
		old = nil
	}
	if pool == nil {
		return
	}
	var fall int64
	if old != nil && old.Capacity >= 0 && pool.Capacity >= 0 {
		fall = old.Capacity - pool.Capacity
	}
	var waiting []*Reservation
	for r := range c.next.Reservations(pool.Class) {
		switch {
		case !r.Provisioned || pool.ResourceVersion <= r.selected || !c.reaches(r, pool):
		case r.published > 0 && pool.ResourceVersion > r.published:
			c.release(r, endedPublished)
			fall -= r.Bytes
		default:
			waiting = append(waiting, r)
		}
	}
	if fall > 0 {
		c.ledger.keep(pool.Key(), append(c.ledger.drops[pool.Key()], capacityDrop{pool.ResourceVersion, fall}))
	} else {
		c.ledger.rose(pool.Key(), -fall)
	}
	slices.SortFunc(waiting, func(a, b *Reservation) int { return cmp.Compare(a.bound, b.bound) })
	for _, r := range waiting {
		switch {
		case c.ledger.account(pool.Key(), r):
			c.release(r, endedAccounted)
		case r.published == 0 && pool.ResourceVersion > r.bound:
			once := *r
			once.published = pool.ResourceVersion
			c.setReservation(&once)
		}
	}
}

// reaches tells whether the reservation is in the pool, by its node.
func (c *Cache) reaches(r *Reservation, pool *Pool) bool {
	node, ok := c.next.index.byName[r.Node]
	return ok && c.next.index.match(pool.Topology).Has(int(node))
}

// poolsAt ranges over the pools of the reservation's class that its node reaches.
func (c *Cache) poolsAt(r *Reservation) func(yield func(*Pool) bool) {
	return func(yield func(*Pool) bool) {
		node, ok := c.next.index.byName[r.Node]
		if !ok {
			return
		}
		groups := c.next.PoolGroups(r.Class)
		for _, pool := range groups.AppendPools(nil, groups.Of(int(node))) {
			if !yield(pool) {
				return
			}
		}
	}
}

// recoverReservations looks, after a start, for volumes that were made so shortly before that their pools may not show them
// yet. When a claim was bound is not known then; it was no later than the last change of both claim and volume. Nor is known
// how often a pool was published since: once has to do, as what a pool fell by was not seen either.
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
		if claim == nil || claim.VolumeName != volume.Name || claim.SelectedNode == "" || !claim.HasRequest {
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

// expireLater has reservations looked through when the oldest that can time out has.
func (c *Cache) expireLater() {
	if c.ledger.timer == nil && c.options.NodeDelay > 0 {
		c.ledger.timer = time.AfterFunc(c.options.ReservationLimit, c.expire)
	}
}

func (c *Cache) expire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ledger.timer = nil
	if c.expireReservations() {
		c.expireLater()
	}
	c.publish()
}

// expireReservations ends those that have timed out, and tells whether others may yet.
func (c *Cache) expireReservations() (more bool) {
	oldest := c.options.Now().Add(-c.options.ReservationLimit)
	for r := range c.next.AllReservations() {
		switch {
		case !r.Provisioned:
		case r.boundAt.After(oldest):
			more = true
		default:
			c.release(r, endedTimedOut)
		}
	}
	return more
}

func (c *Cache) setReservation(r *Reservation) {
	of, _ := c.next.reservations.Get(Key{Name: r.Class})
	c.next.reservations = c.next.reservations.Set(Key{Name: r.Class}, of.Set(r.Claim, r))
}

// release ends a reservation, if there is one.
func (c *Cache) release(r *Reservation, how ending) {
	class := Key{Name: r.Class}
	of, _ := c.next.reservations.Get(class)
	if before := of.Len(); before > 0 {
		if of = of.Delete(r.Claim); of.Len() == before {
			return
		}
		if of.Len() == 0 {
			c.next.reservations = c.next.reservations.Delete(class)
		} else {
			c.next.reservations = c.next.reservations.Set(class, of)
		}
		c.ledger.ended[how].Add(1)
	}
}

// provisioningFailed ends a reservation whose node was taken away again, and remembers it.
func (c *Cache) provisioningFailed(r *Reservation) {
	c.release(r, endedFailed)
	c.rememberFailure(r)
}
