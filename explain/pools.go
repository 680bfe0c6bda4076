// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"iter"
	"slices"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// ReservationsOf are what surely is reserved in the pools of a class, the largest first.
func ReservationsOf(s *topology.Snapshot, class string) []Reservation {
	return reservationsOf(class, s.Reservations(class))
}

// UncertainOf are what may be reserved in the pools of a class besides, or be in their published capacity already.
func UncertainOf(s *topology.Snapshot, class string) []Reservation {
	return reservationsOf(class, s.Uncertain(class))
}

func reservationsOf(class string, of iter.Seq[*topology.Reservation]) []Reservation {
	var out []Reservation
	for r := range of {
		out = append(out, Reservation{
			Claim: Object{Namespace: r.Claim.Namespace, Name: r.Claim.Name}, Class: class, Node: r.Node, Bytes: r.Bytes, Provisioned: r.Provisioned,
		})
	}
	slices.SortFunc(out, func(a, b Reservation) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Claim.Namespace, b.Claim.Namespace), cmp.Compare(a.Claim.Name, b.Claim.Name))
	})
	return out
}

// PoolsOf returns the pools of a class that some node reaches, those with most room first.
func PoolsOf(s *topology.Snapshot, class string) []Pool {
	z := zonesOf(s)
	var out []Pool
	for _, r := range placement.RoomsOf(s, class, nil).Pools {
		out = append(out, poolOf(r, &z))
	}
	return out
}
