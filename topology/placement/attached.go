// SPDX-License-Identifier: Apache-2.0

package placement

import "slices"

// attachedTo prefers the nodes to which the pod's bound volumes are attached already: anywhere else each has to be detached
// and attached again, which takes tens of seconds, and minutes where the pod before is still terminating. A node's rate is its
// share of those of the pod's volumes that are attached to some node; a volume that is attached to none costs the same
// everywhere. The scorer abstains where none is attached.
func attachedTo(q *scoring) []float32 {
	var rates []float32
	var on []int
	volumes := float32(0)
	for i := range q.v.demand.Volumes {
		v := &q.v.demand.Volumes[i]
		if v.State != Bound || q.v.demand.namedBefore(i) {
			continue
		}
		on = on[:0]
		for a := range q.s.AttachmentsOf(v.Volume.Name) {
			node, known := q.s.NodeIndex(a.Node)
			if known && a.Attached && !a.Deleting && !slices.Contains(on, node) {
				on = append(on, node)
			}
		}
		if len(on) == 0 {
			continue
		}
		if rates == nil {
			rates = q.rates()
		}
		for _, node := range on {
			rates[node]++
		}
		volumes++
	}
	for i := range rates {
		rates[i] /= volumes
	}
	return rates
}
