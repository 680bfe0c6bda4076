// SPDX-License-Identifier: Apache-2.0

package placement

import "github.com/moorage-k8s/moorage/topology"

// poolFit prefers, for claims that would be provisioned, the pool with the most room left after this pod (Spread) or with
// the least (Pack), and for claims that would be bound to an existing volume the one that wastes least (LeastWaste,
// kubernetes/kubernetes#83323) or has most left (MostLeft). Room is measured against the class's largest pool, waste against the largest of the
// volumes. A node's rate is the mean over the
// pod's delayed claims that anything is known about, each class's pools once; the scorer abstains where that is none.
func poolFit(q *scoring) []float32 {
	f := &fit{q: q}
	done := map[string]bool{}
	for i := range q.v.delayed {
		c := &q.v.delayed[i]
		f.waste(c)
		if class := c.Claim.Class; !done[class] {
			done[class] = true
			f.roomLeft(class)
		}
	}
	for node := range f.sums {
		if f.known[node] > 1 {
			f.sums[node] /= float32(f.known[node])
		}
	}
	return f.sums
}

// fit is one run of PoolFit: by node, the sum of the rates that are known, and their number.
type fit struct {
	q     *scoring
	sums  []float32
	known []uint16
}

func (f *fit) add(node int, rate float32) {
	f.sums[node] += rate
	f.known[node]++
}

func (f *fit) begin() {
	if f.sums == nil {
		f.sums, f.known = f.q.rates(), make([]uint16, f.q.s.NumNodes())
	}
}

// waste rates the volume that the claim would be bound to on each node by what of it the claim would not use: against the largest of those that
// are compared, so that small claims tell volumes apart as well, and volumes of nearly the same size are nearly the same.
func (f *fit) waste(c *delayedClaim) {
	var largest int64
	for _, m := range c.matches {
		if m.nodes.Meets(f.q.among) {
			largest = max(largest, m.volume.Capacity)
		}
	}
	for _, m := range c.matches {
		f.begin()
		rate := float32(0)
		if largest > 0 {
			rate = float32(float64(topology.SubBytes(m.volume.Capacity, c.Claim.Request)) / float64(largest))
		}
		if f.q.existing != MostLeft {
			rate = 1 - rate
		}
		for node := range m.nodes.All() {
			f.add(node, rate)
		}
	}
}

// roomLeft rates the pools of a class once the pod's claims of the class are in them. A node whose pools' room is not
// published has no rate.
func (f *fit) roomLeft(class string) {
	groups := f.q.s.PoolGroups(class)
	if !groups.Published() {
		return
	}
	var claims []*delayedClaim
	counted := map[*topology.Claim]bool{}
	provisions := topology.NewNodeSet(f.q.s.NumNodes())
	for i := range f.q.v.delayed {
		c := &f.q.v.delayed[i]
		if c.Claim.Class == class && !counted[c.Claim] {
			counted[c.Claim] = true
			claims = append(claims, c)
			provisions.Or(c.provision)
		}
	}
	free, largest := roomOf(newLikelyRoom(f.q.s, class, f.q.v.demand))
	if largest <= 0 {
		return
	}
	f.begin()
	provisions.And(f.q.among)
	for node := range provisions.All() {
		left := free[groups.Of(node)]
		if left < 0 {
			continue
		}
		for _, c := range claims {
			if c.provision.Has(node) {
				left = topology.SubBytes(left, c.Claim.Request)
			}
		}
		rate := float32(max(left, 0)) / float32(largest)
		if f.q.policy == Pack {
			rate = 1 - rate
		}
		f.add(node, rate)
	}
}

// roomOf returns what is left in the pools of each group together, negative where none is published, and the most of any.
func roomOf(room *poolRoom) (free []int64, largest int64) {
	free = make([]int64, room.groups.Len())
	for g := range free {
		bytes, known := room.free(g)
		if free[g] = bytes; !known {
			free[g] = -1
		}
		if room.groups.Inhabited(g) {
			largest = max(largest, bytes)
		}
	}
	return free, largest
}
