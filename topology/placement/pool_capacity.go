// SPDX-License-Identifier: Apache-2.0

package placement

import "github.com/moorage-k8s/moorage/topology"

// poolCapacity rules out the nodes that reach no pool with room for a delayed claim by itself: hasEnoughCapacity of
// kube-scheduler's volumebinding. It asks only drivers whose CSIDriver says storageCapacity.
func poolCapacity(q *query) {
	var pools []*topology.Pool
	for i := range q.delayed {
		c := &q.delayed[i]
		if !q.poolsCount(c) || !c.Claim.HasRequest {
			continue
		}
		groups := q.s.PoolGroups(c.Claim.Class)
		full := make([]bool, groups.Len())
		some := false
		for g := range full {
			pools = groups.AppendPools(pools[:0], g)
			full[g] = !anyFits(pools, c.Claim.Request)
			some = some || full[g]
		}
		if some {
			q.refuse(c.volume, ReasonCapacity, inGroups(c.provision, groups, full))
		}
	}
}

func poolCapacityBecause(q *query, e *Elimination, node int) Evidence {
	c := q.delayedOf(e.Volume)
	out := Evidence{Claims: []*topology.Claim{c.Claim}, Class: c.Claim.Class, Pools: q.roomsOf(c.Claim.Class).On(node), Wanted: c.Claim.Request, Had: -1}
	for _, room := range out.Pools {
		if limit, known := room.Pool.VolumeLimit(); known {
			out.Had = max(out.Had, limit)
		}
	}
	return out
}

// poolsCount reports whether pools limit where the claim can be provisioned.
func (q *query) poolsCount(c *delayedClaim) bool { return provisionsFromPools(q.s, c.Class) }

func provisionsFromPools(s *topology.Snapshot, class *topology.Class) bool {
	if !class.Provisions() {
		return false
	}
	driver := s.Driver(class.Provisioner)
	return driver != nil && driver.StorageCapacity
}

func anyFits(pools []*topology.Pool, request int64) bool {
	for _, p := range pools {
		if limit, known := p.VolumeLimit(); known && limit >= request {
			return true
		}
	}
	return false
}

// inGroups returns those of the nodes whose group is marked.
func inGroups(nodes topology.NodeSet, groups topology.PoolGroups, marked []bool) topology.NodeSet {
	out := topology.NewNodeSet(nodes.Size())
	for i := range nodes.All() {
		if marked[groups.Of(i)] {
			out.Add(i)
		}
	}
	return out
}
