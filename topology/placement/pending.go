// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"iter"
	"slices"

	"github.com/moorage-k8s/moorage/topology"
)

// Pending is a claim that was let through and whose node cannot be seen yet: its room will be taken in a pool of one of the
// nodes, and might be in any.
type Pending struct {
	Claim topology.Key
	Class string
	Bytes int64
	// Nodes are of the snapshot that is asked; none are all.
	Nodes topology.NodeSet
}

// Pending returns what the pod of the verdict is going to take, once it is placed on one of the candidates: its claims that
// would be provisioned from pools whose room is known, and for which nothing is reserved yet. The candidates are kept.
func (v *Verdict) Pending(s *topology.Snapshot, candidates topology.NodeSet) []Pending {
	var out []Pending
	for i := range v.delayed {
		c := &v.delayed[i]
		key := c.Claim.Key()
		counted := func(p Pending) bool { return p.Claim == key }
		if c.Claim.HasSelectedNode || !c.Claim.HasRequest || !provisionsFromPools(s, c.Class) || slices.ContainsFunc(out, counted) {
			continue
		}
		nodes := c.provision.Clone()
		nodes.And(candidates)
		if !nodes.Empty() {
			out = append(out, Pending{Claim: key, Class: c.Claim.Class, Bytes: c.Claim.Request, Nodes: nodes})
		}
	}
	return out
}

// others ranges over those of the reservations that are not of the pod's own claims.
func (d *Demand) others(reservations iter.Seq[*topology.Reservation]) iter.Seq[*topology.Reservation] {
	return func(yield func(*topology.Reservation) bool) {
		for r := range reservations {
			if !d.uses(r.Claim) && !yield(r) {
				return
			}
		}
	}
}

// uses reports whether the claim is one of the pod's.
func (d *Demand) uses(claim topology.Key) bool {
	return slices.ContainsFunc(d.Volumes, func(v Volume) bool { return v.Claim != nil && v.Claim.Key() == claim })
}
