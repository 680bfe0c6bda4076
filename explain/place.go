// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// zones are the parts of the cluster by which nodes are told apart to a person: the values of one label.
type zones struct {
	s   *topology.Snapshot
	key string
	// size is the number of nodes in each.
	size map[string]int
}

// mostZones is the number of values up to which a label of a driver's own is taken for zones.
const mostZones = 50

// zonesOf chooses the label: the usual one where nodes carry it, else the one by which the pod's drivers tell zones apart.
func zonesOf(s *topology.Snapshot, d *placement.Demand) zones {
	keys := []string{corev1.LabelTopologyZone, corev1.LabelFailureDomainBetaZone}
	if d != nil {
		for i := range d.Volumes {
			if of := s.Zones(d.Volumes[i].Driver()); of.Len() > 0 && of.Len() <= mostZones {
				keys = append(keys, of.Key)
			}
		}
	}
	z := zones{s: s, size: map[string]int{}}
	for _, key := range keys {
		if s.LabelOnNodes(key) {
			z.key = key
			break
		}
	}
	if z.key != "" {
		for i := range s.NumNodes() {
			if zone := z.of(i); zone != "" {
				z.size[zone]++
			}
		}
	}
	return z
}

// of returns the zone of node i, empty where it is in none.
func (z *zones) of(i int) string {
	if z.key == "" {
		return ""
	}
	return z.s.Node(i).Labels[z.key]
}

// named puts a zone's name so that it can be told to be one.
func named(zone string) string {
	if strings.Contains(strings.ToLower(zone), "zone") {
		return zone
	}
	return "zone " + zone
}

const (
	fewNodes = 3
	fewZones = 4
)

// on tells a person where the nodes are, as what follows 'can be used': 'in zone-a', 'on node-1 or node-2'.
func (z *zones) on(nodes topology.NodeSet) string {
	n := nodes.Len()
	in := map[string]int{}
	for i := range nodes.All() {
		in[z.of(i)]++
	}
	list := slices.Sorted(maps.Keys(in))
	whole := in[""] == 0
	for zone, count := range in {
		whole = whole && count == z.size[zone]
	}
	for i := range list {
		list[i] = named(list[i])
	}
	switch {
	case n == 0:
		return "on no node"
	case n == z.s.NumNodes():
		return "on any node"
	case whole && len(list) <= fewZones:
		return "in " + either(list)
	case n <= fewNodes:
		return "on " + either(z.names(nodes, n))
	case in[""] == 0 && len(list) <= fewZones:
		return fmt.Sprintf("on %d nodes of %s", n, either(list))
	default:
		return fmt.Sprintf("on %d nodes", n)
	}
}

// names are those of the first nodes.
func (z *zones) names(nodes topology.NodeSet, most int) []string {
	var names []string
	for i := range nodes.All() {
		if names = append(names, z.s.Node(i).Name); len(names) == most {
			break
		}
	}
	return names
}

func either(list []string) string { return joined(list, "or") }

func both(list []string) string { return joined(list, "and") }

func joined(list []string, word string) string {
	switch n := len(list); n {
	case 0:
		return ""
	case 1:
		return list[0]
	default:
		return strings.Join(list[:n-1], ", ") + " " + word + " " + list[n-1]
	}
}

// count puts a number before a noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Size is a number of bytes for a person, in the units of Kubernetes, rounded down to two digits after the point.
func Size(bytes int64) string {
	for _, unit := range []struct {
		name string
		size int64
	}{{"Ti", 1 << 40}, {"Gi", 1 << 30}, {"Mi", 1 << 20}, {"Ki", 1 << 10}} {
		if bytes >= unit.size {
			rounded := math.Floor(float64(bytes)/float64(unit.size)*100) / 100
			return strconv.FormatFloat(rounded, 'f', -1, 64) + unit.name
		}
	}
	return strconv.FormatInt(bytes, 10)
}

// ZoneOf returns what tells the zone of a node by its index, as explanations do; empty where it is in none.
func ZoneOf(s *topology.Snapshot) func(node int) string {
	z := zonesOf(s, nil)
	return z.of
}
