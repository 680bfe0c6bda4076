// SPDX-License-Identifier: Apache-2.0

package placement

import "github.com/moorage-k8s/moorage/topology"

// poolFit prefers, for claims that would be provisioned, the pool with the most room left after this pod (Spread) or with
// the least (Pack), and for claims that would be bound to an existing volume the one that wastes least
// (kubernetes/kubernetes#83323). Room is measured against the class's largest pool. A node's rate is the mean over the
// pod's delayed claims that anything is known about; the scorer abstains where that is none.
func poolFit(q *scoring) func(node int) float64 {
	var parts []func(node int) (rate float64, known bool)
	done := map[string]bool{}
	for i := range q.v.delayed {
		c := &q.v.delayed[i]
		if len(c.matches) > 0 {
			parts = append(parts, leastWaste(c))
		}
		if class := c.Claim.Class; !done[class] {
			done[class] = true
			if part := q.roomLeft(class); part != nil {
				parts = append(parts, part)
			}
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return func(node int) float64 {
		sum, n := 0.0, 0.0
		for _, part := range parts {
			if rate, known := part(node); known {
				sum, n = sum+rate, n+1
			}
		}
		if n == 0 {
			return 0
		}
		return sum / n
	}
}

// leastWaste rates the volume that the claim would be bound to on each node: 1 for an exact fit.
func leastWaste(c *delayedClaim) func(node int) (float64, bool) {
	rates := make([]float32, c.provision.Size())
	for i := range rates {
		rates[i] = -1
	}
	for _, m := range c.matches {
		rate := float32(1)
		if m.volume.Capacity > 0 {
			rate = float32(float64(c.Claim.Request) / float64(m.volume.Capacity))
		}
		for node := range m.nodes.All() {
			rates[node] = rate
		}
	}
	return func(node int) (float64, bool) { return float64(rates[node]), rates[node] >= 0 }
}

// roomLeft rates the pools of a class once the pod's claims of the class are in them; nil where no room is published.
func (q *scoring) roomLeft(class string) func(node int) (float64, bool) {
	groups := q.s.PoolGroups(class)
	if !groups.Published() {
		return nil
	}
	var claims []*delayedClaim
	counted := map[*topology.Claim]bool{}
	for i := range q.v.delayed {
		c := &q.v.delayed[i]
		if c.Claim.Class == class && !counted[c.Claim] {
			counted[c.Claim] = true
			claims = append(claims, c)
		}
	}
	free := make([]int64, groups.Len())
	var largest int64
	var pools []*topology.Pool
	for g := range free {
		pools = groups.AppendPools(pools[:0], g)
		free[g] = -1
		for _, p := range pools {
			if p.Capacity >= 0 {
				free[g] = max(free[g], 0) + p.Capacity
			}
		}
		largest = max(largest, free[g])
	}
	if largest == 0 {
		return nil
	}
	pack := q.policy == Pack
	return func(node int) (float64, bool) {
		room := free[groups.Of(node)]
		if room < 0 {
			return 0, false
		}
		provisions := false
		for _, c := range claims {
			if c.provision.Has(node) {
				provisions = true
				room -= c.Claim.Request
			}
		}
		if !provisions {
			return 0, false
		}
		rate := float64(max(room, 0)) / float64(largest)
		if pack {
			rate = 1 - rate
		}
		return rate, true
	}
}
