// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"iter"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Reservation is room that a claim has been promised and that no published capacity shows yet. Immutable.
type Reservation struct {
	Claim Key
	UID   types.UID
	Class string
	// Node is the node that was selected for the claim: the room is in a pool that this node reaches.
	Node string
	// Bytes is what the claim asks for.
	Bytes int64
	// Provisioned tells that the claim has its volume, and that the pool's published capacity is older than that, as far as
	// can be known.
	Provisioned bool
	// Uncertain tells that the published capacity may show the volume already, or that no volume may be on its way at all: it was
	// not seen how the claim came to where it is. No refusal may rest on such a reservation.
	Uncertain bool

	// selected and bound are the claim's resource versions when it was first seen with the node and with its volume, and
	// published is the pool's when it was first published after the latter, or 0.
	selected, bound, published ResourceVersion
	// since is when the reservation began, and, once the claim has its volume, when that was seen.
	since time.Time
	// witnessed tells that the cache saw the node being selected, so that it saw all that the pool was published with since.
	witnessed bool
}

// Reservations ranges over what is surely reserved in the pools of a class, in no useful but always the same order.
func (s *Snapshot) Reservations(class string) iter.Seq[*Reservation] { return s.reserved(class, false) }

// Uncertain ranges over what may be reserved in the pools of a class, beside what surely is.
func (s *Snapshot) Uncertain(class string) iter.Seq[*Reservation] { return s.reserved(class, true) }

func (s *Snapshot) reserved(class string, uncertain bool) iter.Seq[*Reservation] {
	return func(yield func(*Reservation) bool) {
		of, _ := s.reservations.Get(Key{Name: class})
		for _, r := range of.All() {
			if r.Uncertain == uncertain && !yield(r) {
				return
			}
		}
	}
}

// AllReservations ranges over what is reserved for any class, surely or not.
func (s *Snapshot) AllReservations() iter.Seq[*Reservation] {
	return func(yield func(*Reservation) bool) {
		for _, of := range s.reservations.All() {
			for _, r := range of.All() {
				if !yield(r) {
					return
				}
			}
		}
	}
}

// Reservation returns the claim's reservation for the class, sure or not, or nil.
func (s *Snapshot) Reservation(class string, claim Key) *Reservation {
	of, _ := s.reservations.Get(Key{Name: class})
	r, _ := of.Get(claim)
	return r
}

// ResourceVersion is an object's resource version. Those of one cluster can be compared, also between kinds (KEP-5504): the
// greater is the later. It is 0 for an object that no API server has stored.
type ResourceVersion uint64

func resourceVersion(text string) ResourceVersion {
	v, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0
	}
	return ResourceVersion(v)
}
