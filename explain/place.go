// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/moorage-k8s/moorage/topology"
)

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
		in[z.Zone(i)]++
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

// few names the first of a list, and says how many more there are.
func few[T any](list []T, name func(T) string) string {
	var names []string
	for i := range list {
		if i == fewNodes {
			names = append(names, fmt.Sprintf("%d more", len(list)-i))
			break
		}
		names = append(names, name(list[i]))
	}
	return both(names)
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
