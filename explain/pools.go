// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"slices"

	"github.com/moorage-k8s/moorage/topology"
)

// ReservationsOf are what is reserved in the pools of a class, the largest first.
func ReservationsOf(s *topology.Snapshot, class string) []Reservation {
	var out []Reservation
	for r := range s.Reservations(class) {
		out = append(out, Reservation{
			Claim: Object{Namespace: r.Claim.Namespace, Name: r.Claim.Name}, Class: class, Node: r.Node, Bytes: r.Bytes, Provisioned: r.Provisioned,
		})
	}
	slices.SortFunc(out, func(a, b Reservation) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Claim.Namespace, b.Claim.Namespace), cmp.Compare(a.Claim.Name, b.Claim.Name))
	})
	return out
}

// room is a pool of a class with what is left in it.
type room struct {
	pool  *topology.Pool
	nodes topology.NodeSet
	// reserved is what surely is in this pool: of what is reserved for nodes that reach several pools nobody knows where it is.
	reserved int64
}

// free is what is left, less what is reserved; 0 where the pool does not say.
func (r *room) free() int64 { return max(topology.SubBytes(r.pool.Capacity, r.reserved), 0) }

// roomsOf returns the pools of a class that some node reaches, those with most room first. Reservations of the claims that
// mine knows are left out.
func roomsOf(s *topology.Snapshot, class string, mine func(Object) bool) []room {
	groups := s.PoolGroups(class)
	at := map[topology.Key]int{}
	var out []room
	members := make([]topology.NodeSet, groups.Len())
	for i := range s.NumNodes() {
		group := groups.Of(i)
		if members[group].Size() == 0 {
			members[group] = topology.NewNodeSet(s.NumNodes())
		}
		members[group].Add(i)
	}
	for group, nodes := range members {
		if nodes.Size() == 0 {
			continue
		}
		for _, pool := range groups.AppendPools(nil, group) {
			i, known := at[pool.Key()]
			if !known {
				i = len(out)
				at[pool.Key()] = i
				out = append(out, room{pool: pool, nodes: topology.NewNodeSet(s.NumNodes())})
			}
			out[i].nodes.Or(nodes)
		}
	}
	for r := range s.Reservations(class) {
		node, known := s.NodeIndex(r.Node)
		if !known || mine != nil && mine(Object{Namespace: r.Claim.Namespace, Name: r.Claim.Name}) {
			continue
		}
		if pools := groups.AppendPools(nil, groups.Of(node)); len(pools) == 1 {
			at := &out[at[pools[0].Key()]]
			at.reserved = topology.AddBytes(at.reserved, r.Bytes)
		}
	}
	slices.SortFunc(out, func(a, b room) int {
		return cmp.Or(cmp.Compare(b.free(), a.free()), cmp.Compare(a.pool.Key().String(), b.pool.Key().String()))
	})
	return out
}

// PoolsOf returns the pools of a class that some node reaches, those with most room first.
func PoolsOf(s *topology.Snapshot, class string) []Pool {
	z := zonesOf(s, nil)
	var out []Pool
	for _, r := range roomsOf(s, class, nil) {
		out = append(out, poolOf(&r, &z))
	}
	return out
}
