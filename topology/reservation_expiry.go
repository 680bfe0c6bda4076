// SPDX-License-Identifier: Apache-2.0

package topology

import "time"

// ends is when the reservation ends if nothing else ends it.
func (c *Cache) ends(r *Reservation) time.Time {
	if r.Provisioned {
		return r.since.Add(c.options.ReservationLimit)
	}
	left := c.options.InFlightLimit
	if f, _ := c.next.flights.Get(r.Claim); f != nil {
		left -= f.spent
	}
	return r.since.Add(left)
}

// expireBy has reservations looked through when this one's time is over, if not before.
func (c *Cache) expireBy(r *Reservation) {
	if c.options.NodeDelay > 0 {
		c.expireAt(c.ends(r))
	}
}

func (c *Cache) expireAt(due time.Time) {
	if c.ledger.timer != nil {
		if !due.Before(c.ledger.due) {
			return
		}
		c.ledger.timer.Stop()
	}
	c.ledger.due = due
	c.ledger.timer = time.AfterFunc(max(due.Sub(c.options.Now()), time.Millisecond), c.expire)
}

func (c *Cache) expire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ledger.timer = nil
	if next, more := c.expireReservations(); more {
		c.expireAt(next)
	}
	c.publish()
}

// expireReservations ends those whose time is over, and tells when the next one's is.
func (c *Cache) expireReservations() (next time.Time, more bool) {
	now := c.options.Now()
	for r := range c.next.AllReservations() {
		end := c.ends(r)
		switch {
		case end.After(now):
			if !more || end.Before(next) {
				next, more = end, true
			}
		case r.Provisioned:
			c.release(r, endedTimedOut)
		default:
			c.lapse(r)
		}
	}
	return next, more
}

// lapse ends the reservation of a claim for which no volume was made in time. It stays ended until another node is selected.
func (c *Cache) lapse(r *Reservation) {
	if f, _ := c.next.flights.Get(r.Claim); f != nil {
		over := *f
		over.lapsed = true
		c.next.flights = c.next.flights.Set(r.Claim, &over)
	}
	c.release(r, endedLapsed)
}
