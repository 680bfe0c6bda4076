// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"slices"

	"github.com/moorage-k8s/moorage/topology"
)

// freeSlots prefers the nodes with the larger share of attach slots left once the pod's volumes are attached: a node without
// slots is one on which the next pod with a volume finds a dead end. A node's rate is the worst over the drivers of the pod's
// volumes; a driver without a limit on the node leaves all of it. The scorer abstains where no node has a limit.
func freeSlots(q *scoring) []float32 {
	var rates []float32
	volumes := (&query{s: q.s, d: q.v.demand}).attachments()
	for i, a := range volumes {
		if slices.ContainsFunc(volumes[:i], func(before attached) bool { return before.driver == a.driver }) {
			continue
		}
		slots, limited := q.s.AttachSlots(a.driver)
		if !limited {
			continue
		}
		if rates == nil {
			rates = q.rates()
			for node := range rates {
				rates[node] = 1
			}
		}
		q.freeOf(slots, handlesOf(volumes[i:], a.driver), rates)
	}
	return rates
}

// freeOf lowers the rates to the share of one driver's slots that is left.
func (q *scoring) freeOf(slots topology.AttachSlots, handles []string, rates []float32) {
	held := held(slots, handles)
	for node := range q.among.All() {
		limit := slots.Limit(node)
		if limit < 0 {
			continue
		}
		share := float32(0)
		if free := limit - slots.Used(node) - len(handles) + held[node]; free > 0 {
			share = float32(free) / float32(limit)
		}
		rates[node] = min(rates[node], share)
	}
}
