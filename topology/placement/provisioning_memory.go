// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"math"
	"slices"
	"time"

	"github.com/moorage-k8s/moorage/topology"
)

// DefaultProvisioningHalfLife is the time after which a failure of provisioning counts half.
const DefaultProvisioningHalfLife = 5 * time.Minute

// provisioningMemory prefers, for claims that would be provisioned, the places where provisioning for the claim's class has not
// failed lately. kube-scheduler forgets a failure at once: the place that looked best before looks best again, and while a
// cloud's zone is out of capacity, the pod goes round in circles. A failure just now takes all of a node's rate, one that is a
// half-life old a half, and so on; several add up. The scorer abstains where nothing failed.
func provisioningMemory(q *scoring) []float32 {
	var rates []float32
	var done []string
	for i := range q.v.delayed {
		class := q.v.delayed[i].Claim.Class
		if slices.Contains(done, class) {
			continue
		}
		done = append(done, class)
		failures := q.s.ProvisioningFailures(class)
		if len(failures) == 0 {
			continue
		}
		if rates == nil {
			rates = q.rates()
			for node := range rates {
				rates[node] = 1
			}
		}
		provisions := q.provisions(class)
		for _, place := range q.failedPlaces(failures) {
			nodes := q.s.Nodes(place.segment).Clone()
			nodes.And(provisions)
			for node := range nodes.All() {
				rates[node] = max(rates[node]-float32(place.weight), 0)
			}
		}
	}
	return rates
}

// provisions returns the candidates on which a claim of the class would be provisioned.
func (q *scoring) provisions(class string) topology.NodeSet {
	nodes := topology.NewNodeSet(q.s.NumNodes())
	for i := range q.v.delayed {
		if c := &q.v.delayed[i]; c.Claim.Class == class {
			nodes.Or(c.provision)
		}
	}
	nodes.And(q.among)
	return nodes
}

// failedPlace is a place with what its failures count together.
type failedPlace struct {
	segment *topology.Selector
	weight  float64
}

func (q *scoring) failedPlaces(failures []topology.ProvisioningFailure) []failedPlace {
	var places []failedPlace
	for _, f := range failures {
		at := slices.IndexFunc(places, func(p failedPlace) bool { return p.segment == f.Segment })
		if at < 0 {
			at = len(places)
			places = append(places, failedPlace{segment: f.Segment})
		}
		age := max(q.s.Time().Sub(f.At), 0)
		places[at].weight += math.Exp2(-age.Seconds() / q.halfLife.Seconds())
	}
	return places
}
