// SPDX-License-Identifier: Apache-2.0

package topology

import "k8s.io/apimachinery/pkg/types"

// This file carries what is known of reservations from who has followed a cluster to who has just read it. Claims go by their
// UIDs, which readers of the claims know too, and which tell nobody else whose they are.

// ReservedState is what a claim on its way reserves.
type ReservedState string

const (
	// ReservedInFlight is room for a volume that is not made yet.
	ReservedInFlight ReservedState = "InFlight"
	// ReservedProvisioned is room for a volume that was made and that no published capacity shows.
	ReservedProvisioned ReservedState = "Provisioned"
	// ReservedNot tells of a claim in flight that no room is reserved for: it cannot be true, or its time is over.
	ReservedNot ReservedState = "NotReserved"
)

// ReportedReservation is what is known of one claim.
type ReportedReservation struct {
	ClaimUID  types.UID     `json:"claimUID"`
	State     ReservedState `json:"state"`
	Uncertain bool          `json:"uncertain,omitempty"`
}

// ReservationReport is what is known of all claims on their way.
type ReservationReport struct {
	// Complete tells that nothing is reserved for any claim that is not named.
	Complete bool `json:"complete"`
	// PoolsAsOf is the latest resource version of a pool that was seen.
	PoolsAsOf    ResourceVersion       `json:"poolsAsOf,string"`
	Reservations []ReportedReservation `json:"reservations"`
}

// ReportReservations reports at most so many claims, those with a reservation first.
func (s *Snapshot) ReportReservations(most int) *ReservationReport {
	out := &ReservationReport{Complete: true, Reservations: []ReportedReservation{}}
	for _, pool := range s.pools.All() {
		out.PoolsAsOf = max(out.PoolsAsOf, pool.ResourceVersion)
	}
	add := func(r ReportedReservation) bool {
		if len(out.Reservations) >= most {
			out.Complete = false
			return false
		}
		out.Reservations = append(out.Reservations, r)
		return true
	}
	for r := range s.AllReservations() {
		state := ReservedInFlight
		if r.Provisioned {
			state = ReservedProvisioned
		}
		if !add(ReportedReservation{r.UID, state, r.Uncertain}) {
			return out
		}
	}
	for key, f := range s.flights.All() {
		if s.Reservation(f.class, key) == nil && !add(ReportedReservation{ClaimUID: f.uid, State: ReservedNot}) {
			return out
		}
	}
	return out
}

// WithReport returns the snapshot with its reservations as the report knows them. The report must have been made later than the
// snapshot, by who has followed the same cluster for longer. What is certain here and not in the report stays: the claim has gone
// on since, and the pools of the snapshot have not.
func (s *Snapshot) WithReport(report *ReservationReport) *Snapshot {
	next := &state{Snapshot: *s}
	known := make(map[types.UID]ReportedReservation, len(report.Reservations))
	for _, r := range report.Reservations {
		known[r.ClaimUID] = r
	}
	for was := range s.AllReservations() {
		told, found := known[was.UID]
		delete(known, was.UID)
		switch {
		case found && told.State == ReservedNot, !found && was.Uncertain && report.Complete:
			next.lapse(was)
		case found:
			next.reserveAs(*was, told, report)
		}
	}
	if len(known) == 0 {
		return &next.Snapshot
	}
	for _, claim := range s.claims.All() {
		told, found := known[claim.UID]
		if !found || told.State == ReservedNot || claim.SelectedNode == "" || !claim.HasRequest {
			continue
		}
		next.reserveAs(Reservation{
			Claim: claim.Key(), UID: claim.UID, Class: claim.Class, Node: claim.SelectedNode, Bytes: claim.Request,
			Provisioned: told.State == ReservedProvisioned || claim.VolumeName != "",
		}, told, report)
	}
	return &next.Snapshot
}

// reserveAs reserves what was reported. Of a volume that was made it is sure only if who reports had seen the pools as they are here:
// a later figure may show it.
func (s *state) reserveAs(r Reservation, told ReportedReservation, report *ReservationReport) {
	r.Uncertain = told.Uncertain || r.Provisioned && s.publishedSince(&r, report.PoolsAsOf)
	s.setReservation(&r)
}
