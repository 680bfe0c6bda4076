// SPDX-License-Identifier: Apache-2.0

package topology

import "time"

// ends is when the reservation ends if nothing else ends it.
func (s *state) ends(r *Reservation) time.Time {
	if r.Provisioned {
		return r.since.Add(s.limits.reservation)
	}
	left := s.limits.inFlight
	if f, _ := s.flights.Get(r.Claim); f != nil {
		left -= f.spent
	}
	return r.since.Add(left)
}

// expireBy notes that reservations are to be looked through when this one's time is over, if not before.
func (s *state) expireBy(r *Reservation) { s.ledger.dueBy(s.ends(r)) }

func (l *ledger) dueBy(end time.Time) {
	if l.due.IsZero() || end.Before(l.due) {
		l.due = end
	}
}

// expireReservations ends those whose time is over.
func (s *state) expireReservations() {
	now := s.now()
	s.ledger.due = time.Time{}
	for r := range s.AllReservations() {
		end := s.ends(r)
		switch {
		case end.After(now):
			s.ledger.dueBy(end)
		case r.Provisioned:
			s.release(r, endedTimedOut)
		default:
			s.lapse(r)
		}
	}
}

// lapse ends the reservation of a claim for which no volume was made in time. It stays ended until another node is selected.
func (s *state) lapse(r *Reservation) {
	if f, _ := s.flights.Get(r.Claim); f != nil {
		over := *f
		over.lapsed = true
		s.flights = s.flights.Set(r.Claim, &over)
	}
	s.release(r, endedLapsed)
}
