// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"math"
	"strings"

	"github.com/moorage-k8s/moorage/topology"
)

// zoneBalance prefers, for claims that have no volume yet, the zones that hold the fewest volumes of the same series: the
// claims that a StatefulSet makes from the same template, or an operator for the replicas of one thing (kubernetes/kubernetes#41598). kube-scheduler spreads the pods that
// there are; volumes outlive pods and stay where they are, so after a scale-down, a failure or an uneven start it can go on
// putting volumes into the zone that has most of them. The zone with the fewest has 1, the one with the most 0, linear
// between; of the zones, only those with a candidate count. A node's rate is the mean over the pod's claims.
//
// A claim belongs to the series that its labels say (topology.KnownFamilies), or to that of its name if this ends with the number of its pod, as that of
// a StatefulSet does, or begins its pod's name, as where a Job prepares the volume of a replica; or to that of its owner. The scorer abstains for other claims. Those of ephemeral volumes among
// them: such a volume lives and dies with its pod, so to spread the pods is to spread the volumes, and kube-scheduler's own
// PodTopologySpread does that.
func zoneBalance(q *scoring) []float32 {
	var rates []float32
	claims := float32(0)
	for i := range q.v.delayed {
		c := &q.v.delayed[i]
		series, ok := q.v.seriesOf(c)
		if !ok {
			continue
		}
		zones := q.s.Zones(c.Driver())
		byZone := q.balance(zones, q.volumesByZone(zones, series))
		if byZone == nil {
			continue
		}
		if rates == nil {
			rates = q.rates()
		}
		claims++
		for node := range q.among.All() {
			if zone := zones.Of(node); zone >= 0 {
				rates[node] += byZone[zone]
			}
		}
	}
	for node := range rates {
		rates[node] /= claims
	}
	return rates
}

// seriesOf returns the series that a claim of the pod belongs to. A claim that two volumes of the pod name is asked about once.
func (v *Verdict) seriesOf(c *delayedClaim) (series string, ok bool) {
	if c.Ephemeral || v.demand.namedBefore(c.volume) {
		return "", false
	}
	if family := c.Claim.FamilySeries(); family != "" {
		return family, true
	}
	if byName, ordinal, numbered := topology.ClaimSeries(c.Claim.Name); numbered {
		_, podOrdinal, podNumbered := topology.ClaimSeries(v.demand.Pod.Name)
		if podNumbered && podOrdinal == ordinal || strings.HasPrefix(v.demand.Pod.Name, c.Claim.Name+"-") {
			return byName, true
		}
	}
	series = c.Claim.OwnerSeries()
	return series, series != ""
}

// volumesByZone counts the volumes of the claims of the series by zone, those that are being provisioned, or expected to be soon,
// included. A volume that is in several zones counts in each. The pod's own claim has none yet.
func (q *scoring) volumesByZone(zones *topology.Zones, series string) []int {
	if zones.Len() == 0 {
		return nil
	}
	counts := make([]int, zones.Len())
	for place := range q.s.Series(q.v.demand.Pod.Namespace, series) {
		if place.Affinity != nil {
			for _, zone := range zones.Touched(place.Affinity) {
				counts[zone] += place.Claims
			}
		} else if node, known := q.s.NodeIndex(place.Node); known {
			if zone := zones.Of(node); zone >= 0 {
				counts[zone] += place.Claims
			}
		}
	}
	q.expectedIn(zones, series, counts)
	return counts
}

// balance turns counts into rates; nil where they tell no candidates apart.
func (q *scoring) balance(zones *topology.Zones, counts []int) []float32 {
	if counts == nil {
		return nil
	}
	asked := make([]bool, len(counts))
	fewest, most := math.MaxInt, 0
	for node := range q.among.All() {
		if zone := zones.Of(node); zone >= 0 && !asked[zone] {
			asked[zone] = true
			fewest, most = min(fewest, counts[zone]), max(most, counts[zone])
		}
	}
	if fewest >= most {
		return nil
	}
	rates := make([]float32, len(counts))
	for zone := range rates {
		if asked[zone] {
			rates[zone] = float32(most-counts[zone]) / float32(most-fewest)
		}
	}
	return rates
}
