// SPDX-License-Identifier: Apache-2.0

// Package storagemap surveys a cluster's storage: its zones, the nodes in them with their attach slots, and its pools with what is
// used, reserved and free; and for a pod, which nodes each of its volumes allows. New makes a Map from a snapshot: data, which others draw
// and write.
//
// The package decides nothing about placement: for a pod it asks the engine.
package storagemap

import (
	"maps"
	"slices"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// Map is a cluster's storage at one moment, in the order in which it is drawn: everything is sorted by name.
type Map struct {
	Known explain.Known
	// Drivers are those that have a limit of attached volumes on some node.
	Drivers []string
	// Zones are by name; nodes that are in none come last, in a zone without a name.
	Zones   []Zone
	Classes []Class
	// Pod is nil where none was asked about.
	Pod *Pod
}

// Zone is a part of the cluster.
type Zone struct {
	Name  string
	Nodes []Node
	// Volumes is how many volumes can be reached from this zone alone, and Bytes their size.
	Volumes int
	Bytes   int64
}

// Node is a node with its attach slots.
type Node struct {
	Name string
	// Closed is why the node takes no new pods, as far as the node says; empty where it takes some.
	Closed string
	// Slots are for Map.Drivers, in their order.
	Slots []Slots
	// Allowed reports for the pod's volumes, in their order, whether they allow the node. Fits reports whether they all do, together.
	Allowed []bool
	Fits    bool
}

// Slots are a driver's attach slots on a node.
type Slots struct {
	// Registered reports whether the node has the driver. Limit is negative where it has no limit.
	Registered  bool
	Used, Limit int
}

// Full tells that no further volume can be attached.
func (s Slots) Full() bool { return s.Limit >= 0 && s.Used >= s.Limit }

// Class is a class with its pools.
type Class struct {
	Name, Driver string
	Pools        []Pool
	// Volumes and Used are of the class's volumes that are in none of its pools alone, and Reserved what is reserved likewise: all
	// of them for a class without pools.
	Volumes        int
	Used, Reserved int64
	// MayBeReserved is what is reserved besides, or in the published capacity already: which, cannot be told.
	MayBeReserved int64
}

// Pool is a part of the cluster from which a class's volumes are made.
type Pool struct {
	// Name is the namespace and name of its CSIStorageCapacity.
	Name string
	// Where is the zone or the node that reaches the pool; the pool's own name where it is neither one zone nor one node.
	Where string
	// Zone is the index in Map.Zones of the zone that all its nodes are in; negative where there is none.
	Zone  int
	Nodes int
	// Volumes are those made from the pool, as far as their node affinity tells, and Used is their size.
	Volumes int
	Used    int64
	// Reserved is what has been promised to claims and is not in the published capacity yet; Free is what is left of that.
	Reserved, Free int64
	// Known is false where the pool does not say what it has left.
	Known bool
}

// Pod is a pod that was asked about.
type Pod struct {
	Key     topology.Key
	Volumes []Volume
	// Fits is on how many nodes they all fit together.
	Fits int
}

// Volume is one of the pod's volumes.
type Volume struct {
	Name, Claim, State string
	// Nodes is how many nodes it allows.
	Nodes int
}

// New surveys a snapshot. The pod may be nil.
func New(s *topology.Snapshot, engine *placement.Engine, pod *topology.Pod) *Map {
	m := &Map{Known: explain.KnownOf(s), Drivers: limitedDrivers(s)}
	d := drawing{s: s, m: m, places: s.Places(), zoneOf: make([]int, s.NumNodes())}
	d.zones()
	d.nodes()
	d.pools()
	if pod != nil {
		d.pod(engine, pod)
	}
	return m
}

// drawing is a map being made.
type drawing struct {
	s *topology.Snapshot
	m *Map

	places *topology.Places
	// zoneOf is the zone of each node, by index in the map.
	zoneOf []int
	// at is where each node is in its zone.
	at []int
}

func limitedDrivers(s *topology.Snapshot) []string {
	names := map[string]bool{}
	for i := range s.NumNodes() {
		for _, d := range s.Node(i).Drivers {
			names[d.Name] = names[d.Name] || d.Allocatable >= 0
		}
	}
	maps.DeleteFunc(names, func(_ string, limited bool) bool { return !limited })
	return slices.Sorted(maps.Keys(names))
}

func (d *drawing) zones() {
	names := d.places.Zones()
	for _, name := range names {
		d.m.Zones = append(d.m.Zones, Zone{Name: name})
	}
	for i := range d.zoneOf {
		zone, known := slices.BinarySearch(names, d.places.Zone(i))
		if d.zoneOf[i] = zone; !known {
			d.zoneOf[i] = len(names)
		}
	}
	// The zone without a name comes last.
	if slices.Contains(d.zoneOf, len(names)) {
		d.m.Zones = append(d.m.Zones, Zone{})
	}
}

func (d *drawing) nodes() {
	slots := make([]topology.AttachSlots, len(d.m.Drivers))
	for k, driver := range d.m.Drivers {
		slots[k], _ = d.s.AttachSlots(driver)
	}
	d.at = make([]int, d.s.NumNodes())
	for i := range d.s.NumNodes() {
		n := d.s.Node(i)
		node := Node{Name: n.Name, Closed: d.places.Closed(i), Slots: make([]Slots, len(slots))}
		for k := range slots {
			node.Slots[k] = Slots{Registered: n.Driver(d.m.Drivers[k]) != nil, Used: slots[k].Used(i), Limit: slots[k].Limit(i)}
		}
		zone := &d.m.Zones[d.zoneOf[i]]
		d.at[i] = len(zone.Nodes)
		zone.Nodes = append(zone.Nodes, node)
	}
}

// pod asks the engine which nodes the pod's volumes allow.
func (d *drawing) pod(engine *placement.Engine, pod *topology.Pod) {
	demand := placement.NewDemand(d.s, pod)
	verdict := engine.Filter(d.s, demand)
	out := &Pod{Key: pod.Key(), Fits: verdict.Feasible.Len()}
	allowed := make([]topology.NodeSet, len(demand.Volumes))
	for v := range demand.Volumes {
		allowed[v] = d.s.AllNodes().Clone()
	}
	for _, e := range verdict.Eliminations {
		if e.Volume != placement.PodLevel {
			allowed[e.Volume].AndNot(e.Nodes)
		}
	}
	for v := range demand.Volumes {
		volume := &demand.Volumes[v]
		out.Volumes = append(out.Volumes, Volume{
			Name: volume.Name, Claim: volume.ClaimName, State: volume.State.String(), Nodes: allowed[v].Len(),
		})
	}
	for i := range d.s.NumNodes() {
		node := &d.m.Zones[d.zoneOf[i]].Nodes[d.at[i]]
		node.Fits = verdict.Feasible.Has(i)
		for v := range allowed {
			node.Allowed = append(node.Allowed, allowed[v].Has(i))
		}
	}
	d.m.Pod = out
}
