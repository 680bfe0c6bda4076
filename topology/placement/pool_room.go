// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"slices"

	"github.com/moorage-k8s/moorage/topology"
)

// poolRoom is the room in the pools of one class, with what is reserved there taken off.
type poolRoom struct {
	groups topology.PoolGroups
	// reserved is what is reserved in a pool.
	reserved map[*topology.Pool]int64
	// floating are reservations for nodes that reach several pools, by group: which pool they take is up to the driver.
	floating map[int][]int64

	pools []*topology.Pool
}

// newPoolRoom reckons the room for the pod. Reservations for nodes that the snapshot does not know, or that reach no pool, take
// none.
func newPoolRoom(s *topology.Snapshot, class string, d *Demand) *poolRoom {
	r := &poolRoom{groups: s.PoolGroups(class)}
	for reservation := range d.reserved(s, class) {
		node, known := s.NodeIndex(reservation.Node)
		if !known {
			continue
		}
		group := r.groups.Of(node)
		r.take(group, reservation.Bytes, nil)
	}
	return r
}

// take reserves room in a pool of the group, unless its only pool is done already.
func (r *poolRoom) take(group int, bytes int64, done map[*topology.Pool]bool) {
	switch pools := r.at(group); len(pools) {
	case 0:
	case 1:
		if done[pools[0]] {
			return
		}
		if done != nil {
			done[pools[0]] = true
		}
		if r.reserved == nil {
			r.reserved = map[*topology.Pool]int64{}
		}
		r.reserved[pools[0]] += bytes
	default:
		if r.floating == nil {
			r.floating = map[int][]int64{}
		}
		r.floating[group] = append(r.floating[group], bytes)
	}
}

// takePending takes the room of a pending claim off in every pool where it may be.
func (r *poolRoom) takePending(p *Pending, all topology.NodeSet) {
	nodes := p.Nodes
	if nodes.Size() == 0 {
		nodes = all
	}
	seen := make([]bool, r.groups.Len())
	done := map[*topology.Pool]bool{}
	for node := range nodes.All() {
		if group := r.groups.Of(node); !seen[group] {
			seen[group] = true
			r.take(group, p.Bytes, done)
		}
	}
}

// anyReserved tells whether anything is reserved in any of the pools.
func (r *poolRoom) anyReserved() bool { return len(r.reserved)+len(r.floating) > 0 }

// unreserved is the room as it is published.
func (r *poolRoom) unreserved() *poolRoom { return &poolRoom{groups: r.groups} }

// at returns the pools that the group's nodes reach, until it is called again.
func (r *poolRoom) at(group int) []*topology.Pool {
	r.pools = r.groups.AppendPools(r.pools[:0], group)
	return r.pools
}

// free is what is left in the group's pools together; known is false where no pool says what it has.
func (r *poolRoom) free(group int) (bytes int64, known bool) {
	for _, p := range r.at(group) {
		if p.Capacity >= 0 {
			bytes, known = bytes+p.Capacity-r.reserved[p], true
		}
	}
	for _, floating := range r.floating[group] {
		bytes -= floating
	}
	return max(bytes, 0), known
}

// maxPackingSteps bounds the search for a packing; where it runs out, the requests are said to fit.
const maxPackingSteps = 4096

// fit tells whether the requests, largest first, can be shared out among the group's pools. It searches for a packing
// rather than settle for the first that a rule of thumb gives, since a wrong no strands a pod. Where several pools are to
// choose from, what is reserved for other nodes that reach some of them only is left out of account.
func (r *poolRoom) fit(group int, requests []int64) bool {
	pools := r.at(group)
	switch len(pools) {
	case 0:
		return true
	case 1:
		return fitIn(pools[0], r.reserved[pools[0]], requests)
	}
	free := make([]int64, len(pools))
	for i, p := range pools {
		if p.Capacity < 0 {
			return true
		}
		free[i] = p.Capacity - r.reserved[p]
	}
	steps := maxPackingSteps
	var pack func(requests, floating []int64) bool
	pack = func(requests, floating []int64) bool {
		if len(requests)+len(floating) == 0 {
			return true
		}
		if steps--; steps < 0 {
			return true
		}
		// What is reserved was let through before; its volume may even be made, so the pool's limit for one is no matter.
		ours := len(floating) == 0
		from := &floating
		if ours {
			from = &requests
		}
		next := (*from)[0]
		*from = (*from)[1:]
		for i, p := range pools {
			if limit, known := p.VolumeLimit(); ours && (!known || limit < next) || free[i] < next {
				continue
			}
			free[i] -= next
			ok := pack(requests, floating)
			free[i] += next
			if ok {
				return true
			}
		}
		return false
	}
	floating := slices.Clone(r.floating[group])
	slices.Sort(floating)
	slices.Reverse(floating)
	return pack(requests, floating)
}

// fitIn is fit for the usual case of one pool.
func fitIn(p *topology.Pool, reserved int64, requests []int64) bool {
	limit, known := p.VolumeLimit()
	free := p.Capacity - reserved
	for _, request := range requests {
		if free -= request; !known || limit < request {
			return p.Capacity < 0
		}
	}
	return free >= 0 || p.Capacity < 0
}
