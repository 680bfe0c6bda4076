// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"slices"

	"github.com/moorage-k8s/moorage/topology"
)

// zoneHeadroom prefers, for volumes that are to be provisioned, the zones with more nodes that could take the pod over: a
// zonal volume ties its pod to its zone for good (kubernetes/kubernetes#121436), and where the zone has one such node, the pod
// is down for as long as that node is. With n such nodes in its zone, the node itself among them, a node has 1 - 1/n: the
// second node is worth most, the twentieth hardly anything. Where volumes of several drivers are to be provisioned, the worst
// counts. The scorer abstains where nothing is to be provisioned, as a volume that exists has its zone already, and for
// drivers whose volumes are not known to be tied to a zone.
func zoneHeadroom(q *scoring) []float32 {
	var rates []float32
	var done []string
	for i := range q.v.delayed {
		c := &q.v.delayed[i]
		driver := c.Driver()
		if !c.Class.Provisions() || slices.Contains(done, driver) || !c.provision.Meets(q.among) {
			continue
		}
		done = append(done, driver)
		zones := q.s.Zones(driver)
		if !zones.Reach || zones.Len() == 0 {
			continue
		}
		if rates == nil {
			rates = q.rates()
			for node := range rates {
				rates[node] = 1
			}
		}
		byZone := q.takers(zones, driver)
		for node := range q.among.All() {
			rate := float32(0)
			if zone := zones.Of(node); zone >= 0 && byZone[zone] > 0 {
				rate = 1 - 1/float32(byZone[zone])
			}
			rates[node] = min(rates[node], rate)
		}
	}
	return rates
}

// takers counts, by zone, the nodes that could take the pod over: ready, schedulable, with the driver, and with attach slots
// for all of the pod's volumes of that driver.
func (q *scoring) takers(zones *topology.Zones, driver string) []int32 {
	nodes := q.s.Open().Clone()
	nodes.And(q.s.RegisteredOn(driver))
	slots, limited := q.s.AttachSlots(driver)
	need := len(handlesOf((&query{s: q.s, d: q.v.demand}).attachments(), driver))
	counts := make([]int32, zones.Len())
	for node := range nodes.All() {
		zone := zones.Of(node)
		if zone < 0 {
			continue
		}
		if limited {
			if limit := slots.Limit(node); limit >= 0 && slots.Used(node)+need > limit {
				continue
			}
		}
		counts[zone]++
	}
	return counts
}
