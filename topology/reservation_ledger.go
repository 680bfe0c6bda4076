// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"cmp"
	"iter"
	"slices"
	"sync/atomic"
	"time"
)

// This file confirms and ends reservations of claims that have got their volume.
//
// The question is whether the pool's published capacity shows the volume already. The
// external-provisioner publishes a capacity again as soon as it has made a volume, at the same time as it writes the volume
// and before the claim is bound, and again only when the figure changes. It asks the driver first and then waits for its turn
// to write, so a figure can be older than its resource version; but it asks of one pool again only when it has written of it
// (syncCapacity in external-provisioner v6). So a reservation of a volume that was made ends when
//
//   - the capacity was published after the node was selected and went down by the claim's size, and no other claim accounts
//     for that; or
//   - the capacity was published twice after the claim was bound, by their resource versions; or
//   - neither is seen for Options.ReservationLimit, for drivers whose figure does not go down by what they provision.
//
// Where it was not seen that the node was selected, what the capacity went down by cannot be told, and the reservation is
// uncertain: it ends with the first figure that is published after the claim was bound, or with the time.
//
// A reservation ends in any state when the claim is deleted, and in flight when the selected node is taken away: provisioning
// failed.

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
	endedLapsed
	numEndings
)

var endingNames = [numEndings]string{"published", "accounted", "failed", "deleted", "timed-out", "no-pool", "not-made"}

// ledger is the writer's own part of the bookkeeping.
type ledger struct {
	// drops are, by pool, falls of the published capacity that no volume accounts for yet, oldest first.
	drops map[Key][]capacityDrop
	// first are, by pool, the resource versions with which the pools were first seen.
	first map[Key]ResourceVersion
	// freed is set when a reservation has ended, for claims that wait for their namespace's share.
	freed bool
	// due is when the first reservation's time may be over; zero where there is none.
	due   time.Time
	ended [numEndings]atomic.Uint64
	// filling is set with the first list of a kind, and recovered once the reservations of volumes that were made before the start
	// have been looked for.
	filling, recovered bool
}

// capacityDrop is by how much a pool's capacity fell when it was published with the resource version.
type capacityDrop struct {
	at    ResourceVersion
	bytes int64
}

// maxDrops bounds the falls that are kept for a pool. One is taken up as soon as the claim is seen bound, a moment later.
const maxDrops = 16

// provisioned follows a reservation whose claim has got its volume.
func (s *state) provisioned(was *Reservation, bound ResourceVersion, at time.Time) {
	r := *was
	// What was made at a start of the cache may have been published before: nothing is sure then that was not seen.
	r.Provisioned, r.Uncertain, r.bound, r.since = true, !was.witnessed, bound, at
	limited := false
	for pool := range s.poolsAt(&r) {
		limited = true
		if s.ledger.account(pool.Key(), &r) {
			s.release(was, endedAccounted)
			return
		}
		if pool.ResourceVersion > r.bound {
			r.published = max(r.published, pool.ResourceVersion)
		}
	}
	switch {
	case !limited:
		s.release(was, endedNoPool)
		return
	case r.Uncertain && r.published > 0:
		s.release(was, endedPublished)
		return
	}
	s.setReservation(&r)
	s.expireBy(&r)
}

// forsaken ends the reservation of a claim that is gone. If its volume was made all the same, what the capacity fell by is no
// longer there for another claim.
func (s *state) forsaken(r *Reservation) {
	if !r.Provisioned && s.hasVolume(r) {
		for pool := range s.poolsAt(r) {
			if s.ledger.account(pool.Key(), r) {
				break
			}
		}
	}
	s.release(r, endedDeleted)
}

// hasVolume reports whether there is a volume that was made for the reservation's claim.
func (s *state) hasVolume(r *Reservation) bool {
	for volume := range s.KeptFor(r.Claim) {
		if volume.ClaimRefUID == r.UID {
			return true
		}
	}
	return false
}

// account finds the volume in what the pool's capacity fell by since its node was selected, and takes it off.
func (l *ledger) account(pool Key, r *Reservation) bool {
	if !r.witnessed && l.first[pool] > r.selected {
		return false // It may have been published before the cache saw anything; what was seen since is others'.
	}
	drops := l.drops[pool]
	var seen int64
	for _, drop := range drops {
		if drop.at > r.selected {
			seen = AddBytes(seen, drop.bytes)
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
func (s *state) republished(old, pool *Pool) {
	if old != nil && (pool == nil || pool.Class != old.Class) {
		s.ledger.keep(old.Key(), nil)
		delete(s.ledger.first, old.Key())
		old = nil
	}
	if pool == nil {
		return
	}
	if old == nil {
		if s.ledger.first == nil {
			s.ledger.first = map[Key]ResourceVersion{}
		}
		s.ledger.first[pool.Key()] = pool.ResourceVersion
	}
	var fall int64
	if old != nil && old.Capacity >= 0 && pool.Capacity >= 0 {
		fall = old.Capacity - pool.Capacity
	}
	var waiting []*Reservation
	of, _ := s.reservations.Get(Key{Name: pool.Class})
	for _, r := range of.All() {
		switch {
		case !r.Provisioned || pool.ResourceVersion <= r.selected || !s.reaches(r, pool):
		case r.Uncertain:
			// What a pool fell by belongs to those that are sure of theirs.
			if pool.ResourceVersion > r.bound {
				s.release(r, endedPublished)
			}
		case r.published > 0 && pool.ResourceVersion > r.published:
			s.release(r, endedPublished)
			fall = SubBytes(fall, r.Bytes)
		default:
			waiting = append(waiting, r)
		}
	}
	if fall > 0 {
		s.ledger.keep(pool.Key(), append(s.ledger.drops[pool.Key()], capacityDrop{pool.ResourceVersion, fall}))
	} else {
		s.ledger.rose(pool.Key(), SubBytes(0, fall))
	}
	slices.SortFunc(waiting, func(a, b *Reservation) int { return cmp.Compare(a.bound, b.bound) })
	for _, r := range waiting {
		switch {
		case s.ledger.account(pool.Key(), r):
			s.release(r, endedAccounted)
		case r.published == 0 && pool.ResourceVersion > r.bound:
			once := *r
			once.published = pool.ResourceVersion
			s.setReservation(&once)
		}
	}
}

// reaches reports whether the reservation is in the pool, by its node.
func (s *state) reaches(r *Reservation, pool *Pool) bool {
	node, ok := s.index.Lookup(r.Node)
	return ok && s.index.Match(pool.Topology).Has(node)
}

// poolsAt ranges over the pools of the reservation's class that its node reaches.
func (s *state) poolsAt(r *Reservation) iter.Seq[*Pool] { return s.poolsReached(r.Class, r.Node) }

// poolsReached ranges over the pools of a class that a node reaches.
func (s *state) poolsReached(class, at string) iter.Seq[*Pool] {
	return func(yield func(*Pool) bool) {
		node, ok := s.index.Lookup(at)
		if !ok {
			return
		}
		groups := s.PoolGroups(class)
		for _, pool := range groups.AppendPools(nil, groups.Of(node)) {
			if !yield(pool) {
				return
			}
		}
	}
}

func (s *state) setReservation(r *Reservation) {
	of, _ := s.reservations.Get(Key{Name: r.Class})
	s.reservations = s.reservations.Set(Key{Name: r.Class}, of.Set(r.Claim, r))
}

// release ends a reservation, if there is one.
func (s *state) release(r *Reservation, how ending) {
	class := Key{Name: r.Class}
	of, _ := s.reservations.Get(class)
	if before := of.Len(); before > 0 {
		if of = of.Delete(r.Claim); of.Len() == before {
			return
		}
		if of.Len() == 0 {
			s.reservations = s.reservations.Delete(class)
		} else {
			s.reservations = s.reservations.Set(class, of)
		}
		s.ledger.ended[how].Add(1)
		s.ledger.freed = true
	}
}
