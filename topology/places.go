// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Places are where the nodes of a Snapshot are, in people's words, and whether they take new pods: the one answer of explain, simulate and the
// map. (Zones, by which volumes are scored, are of one driver each.)
type Places struct {
	// Key is the label whose values are the zones; empty where the nodes are in none.
	Key string

	s *Snapshot
	// readiness tells that some node is Ready. Where none is, as in manifests that people write, their conditions are most likely left out.
	readiness bool
}

// zoneKeys are the labels that tell a node's zone, whatever its drivers say: the first that any node carries is taken.
var zoneKeys = []string{corev1.LabelTopologyZone, corev1.LabelFailureDomainBetaZone}

// mostZones is the number of values up to which a label of a driver's own is taken for zones.
const mostZones = 50

// Places returns the places of all nodes. Where no node carries a usual zone label, they are told apart by the label by which a driver tells
// zones apart: of several the one that most nodes carry, of as many the one with the fewest values.
func (s *Snapshot) Places() *Places {
	for _, key := range zoneKeys {
		if s.LabelOnNodes(key) {
			return s.placesBy(key)
		}
	}
	type candidate struct {
		key           string
		nodes, values int
	}
	var best candidate
	for driver := range s.table.drivers() {
		z := s.Zones(driver)
		if !z.Reach || z.Len() == 0 || z.Len() > mostZones {
			continue
		}
		c := candidate{key: z.Key, nodes: s.index.Carrying(z.Key).Len(), values: z.Len()}
		if cmp.Or(cmp.Compare(best.nodes, c.nodes), cmp.Compare(c.values, best.values), cmp.Compare(c.key, best.key)) < 0 {
			best = c
		}
	}
	return s.placesBy(best.key)
}

func (s *Snapshot) placesBy(key string) *Places {
	p := &Places{Key: key, s: s}
	for i := 0; i < s.NumNodes() && !p.readiness; i++ {
		p.readiness = s.Node(i).Ready
	}
	return p
}

// On returns the places of another snapshot by the same label: a hypothesis is described in the words of what is.
func (p *Places) On(s *Snapshot) *Places { return s.placesBy(p.Key) }

// Zone is the zone of node i; empty where it is in none.
func (p *Places) Zone(i int) string {
	if p.Key == "" {
		return ""
	}
	return p.s.Node(i).Labels[p.Key]
}

// Zones are the names of the zones, sorted; nodes that are in none have no part in it.
func (p *Places) Zones() []string {
	names := p.s.index.ValuesOn(p.Key, p.s.index.All())
	return slices.DeleteFunc(names, func(zone string) bool { return zone == "" })
}

// Why a node takes no new pods.
const (
	OutOfService = "out of service"
	NotReady     = "not ready"
	Cordoned     = "cordoned"
)

// Closed is why node i takes no new pods, as far as the node itself says; empty where it takes some.
func (p *Places) Closed(i int) string {
	switch n := p.s.Node(i); {
	case n.OutOfService:
		return OutOfService
	case !n.Ready && p.readiness:
		return NotReady
	case n.Unschedulable:
		return Cordoned
	default:
		return ""
	}
}
