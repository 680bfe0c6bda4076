// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"maps"
	"slices"

	"github.com/moorage-k8s/moorage/topology"
)

// Place is where some nodes are, in as few names as a person can be told.
type Place struct {
	// Nodes is how many they are, Of how many nodes there are in all.
	Nodes, Of int
	// Zones are those that they are in; the name of none is empty. Whole tells that the zones hold no other nodes, and that no node is in none.
	Zones []string
	Whole bool
	// First are the first of their names.
	First []string
}

// NewNode is the name of a node that is not there, but tried. It sorts last.
const NewNode = "~new"

// firstNodes is how many nodes of a Place are named.
const firstNodes = 3

// zones are the parts of the cluster by which nodes are told apart to a person.
type zones struct {
	*topology.Places
	s *topology.Snapshot
	// size is the number of nodes in each.
	size map[string]int
}

func zonesOf(s *topology.Snapshot) zones { return zonesAt(s, s.Places()) }

func zonesAt(s *topology.Snapshot, places *topology.Places) zones {
	z := zones{Places: places, s: s, size: map[string]int{}}
	for i := range s.NumNodes() {
		if zone := z.Zone(i); zone != "" {
			z.size[zone]++
		}
	}
	return z
}

// place is where nodes are.
func (z *zones) place(nodes topology.NodeSet) Place {
	p := Place{Nodes: nodes.Len(), Of: z.s.NumNodes(), Whole: true}
	in := map[string]int{}
	for i := range nodes.All() {
		in[z.Zone(i)]++
		if len(p.First) < firstNodes {
			p.First = append(p.First, z.s.Node(i).Name)
		}
	}
	p.Zones = slices.Sorted(maps.Keys(in))
	for zone, count := range in {
		p.Whole = p.Whole && zone != "" && count == z.size[zone]
	}
	return p
}
