// SPDX-License-Identifier: Apache-2.0

package placement

import "github.com/moorage-k8s/moorage/topology"

// Choice is what becomes of a delayed claim if the pod lands on a certain node.
type Choice struct {
	// Volume is the index in Demand.Volumes.
	Volume int
	// Existing is the volume that the claim would be bound to; nil where one would be provisioned.
	Existing *topology.Volume
}

// Choices tells what becomes of the pod's delayed claims on node i, feasible or not, in the order of the pod's volumes.
func (v *Verdict) Choices(i int) []Choice {
	var out []Choice
	for c := range v.delayed {
		choice := Choice{Volume: v.delayed[c].volume}
		for _, m := range v.delayed[c].matches {
			if m.nodes.Has(i) {
				choice.Existing = m.volume
			}
		}
		out = append(out, choice)
	}
	return out
}
