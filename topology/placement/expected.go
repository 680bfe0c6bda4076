// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"slices"

	"github.com/moorage-k8s/moorage/topology"
)

// Expected is a claim of a series whose pod has been rated, and the node that it will probably be provisioned for. What
// follows is only as good as the guess: kube-scheduler weighs other things too.
type Expected struct {
	Claim topology.Key
	// Node is the name of one of the best nodes; all of them are in its zone.
	Node string
}

// Expect guesses where the pod's claims of a series will be, if its best nodes are these. There is no guess for a claim whose best
// nodes are in several zones.
func Expect(s *topology.Snapshot, v *Verdict, best topology.NodeSet) []Expected {
	var out []Expected
	for i := range v.delayed {
		c := &v.delayed[i]
		if _, ok := v.seriesOf(c); !ok {
			continue
		}
		zones, representative := s.Zones(c.Driver()), -1
		for node := range best.All() {
			if zones.Of(node) < 0 || representative >= 0 && zones.Of(node) != zones.Of(representative) {
				representative = -1
				break
			}
			if representative < 0 {
				representative = node
			}
		}
		if representative >= 0 {
			out = append(out, Expected{Claim: c.Claim.Key(), Node: s.Node(representative).Name})
		}
	}
	return out
}

// expectedIn adds to counts, by zone, the claims of a series that are expected there and of which nothing is seen yet.
func (q *scoring) expectedIn(zones *topology.Zones, series string, counts []int) {
	for _, e := range q.expected {
		if e.Claim.Namespace != q.v.demand.Pod.Namespace || q.v.demand.uses(e.Claim) {
			continue
		}
		claim := q.s.Claim(e.Claim.Namespace, e.Claim.Name)
		if claim == nil || claim.SelectedNode != "" || claim.VolumeName != "" || !slices.Contains(claim.Series(), series) {
			continue
		}
		if node, known := q.s.NodeIndex(e.Node); known {
			if zone := zones.Of(node); zone >= 0 {
				counts[zone]++
			}
		}
	}
}
