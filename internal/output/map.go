// SPDX-License-Identifier: Apache-2.0

package output

import (
	"fmt"
	"io"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/storagemap"
	"github.com/moorage-k8s/moorage/topology"
)

// MapOutputs are the forms that a map can be written in.
var MapOutputs = []string{"text", "svg", "json", "yaml"}

// StorageMap is a cluster's storage at one moment; everything is sorted by name. Sizes are in bytes.
type StorageMap struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Zones end with the nodes that are in none, in a zone without a name.
	Zones   []MapZone  `json:"zones"`
	Classes []MapClass `json:"classes"`
	Pod     *MapPod    `json:"pod,omitempty"`
	// Known is what the map rests on, with the numbers of nodes, volumes and claims of the whole cluster.
	Known explain.Known `json:"known"`
}

// MapZone is a part of the cluster.
type MapZone struct {
	Name  string    `json:"name"`
	Nodes []MapNode `json:"nodes"`
	// Volumes is how many volumes can be used in this zone alone, Bytes their size.
	Volumes int   `json:"volumes"`
	Bytes   int64 `json:"bytes"`
}

// MapNode is a node with its attach slots.
type MapNode struct {
	Name string `json:"name"`
	// Closed is why the node takes no new pods: cordoned, not ready, or out of service. Left out where it takes some.
	Closed string     `json:"closed,omitempty"`
	Slots  []MapSlots `json:"slots,omitempty"`
	// Fits reports whether the pod's volumes allow the node together, Allowed whether each does, in their order. Left out without a pod.
	Fits    *bool  `json:"fits,omitempty"`
	Allowed []bool `json:"allowed,omitempty"`
}

// MapSlots are the attach slots of a driver that has a limit on some node.
type MapSlots struct {
	Driver string `json:"driver"`
	Used   int    `json:"used"`
	// Limit is left out where the node has none.
	Limit *int `json:"limit,omitempty"`
}

// MapClass is a class with its pools.
type MapClass struct {
	Name   string    `json:"name"`
	Driver string    `json:"driver"`
	Pools  []MapPool `json:"pools"`
	// Volumes, Used and Reserved are of volumes that are in none of its pools alone: all of them for a class without pools.
	Volumes  int   `json:"volumes"`
	Used     int64 `json:"used"`
	Reserved int64 `json:"reserved"`
	// MayBeReserved is what is reserved besides, or in the published capacity already.
	MayBeReserved int64 `json:"mayBeReserved,omitempty"`
}

// MapPool is a part of the cluster from which a class's volumes are provisioned.
type MapPool struct {
	// Name is the namespace and name of its CSIStorageCapacity.
	Name string `json:"name"`
	// Where is the zone or the node that reaches the pool, or its own name where it is neither one zone nor one node. Zone is the zone that
	// all its nodes are in; left out where there is none. Nodes is how many reach it.
	Where string `json:"where"`
	Zone  string `json:"zone,omitempty"`
	Nodes int    `json:"nodes"`
	// Volumes are those in the pool, as far as their node affinity tells, and Used is their size.
	Volumes int   `json:"volumes"`
	Used    int64 `json:"used"`
	// Reserved has been promised to claims and is not in the published capacity yet. Free is what is left of that, and Total is all three;
	// both are left out where the driver does not say.
	Reserved int64  `json:"reserved"`
	Free     *int64 `json:"free,omitempty"`
	Total    *int64 `json:"total,omitempty"`
}

// MapPod is a pod that was asked about.
type MapPod struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Fits is on how many nodes all its volumes fit together.
	Fits    int         `json:"fits"`
	Volumes []MapVolume `json:"volumes"`
}

// MapVolume is one of the pod's volumes.
type MapVolume struct {
	Name  string `json:"volume"`
	Claim string `json:"claim,omitempty"`
	// State is Bound, Delayed, Inline or Held.
	State string `json:"state"`
	// Nodes is how many nodes it allows.
	Nodes int `json:"nodes"`
}

// StorageMapOf is a map for programs.
func StorageMapOf(m *storagemap.Map) *StorageMap {
	out := &StorageMap{
		APIVersion: apiVersion, Kind: "StorageMap", Zones: make([]MapZone, len(m.Zones)), Classes: make([]MapClass, len(m.Classes)), Known: m.Known,
	}
	for i := range m.Zones {
		z := &m.Zones[i]
		out.Zones[i] = MapZone{z.Name, make([]MapNode, len(z.Nodes)), z.Volumes, z.Bytes}
		for k := range z.Nodes {
			out.Zones[i].Nodes[k] = mapNodeOf(m, &z.Nodes[k])
		}
	}
	for i := range m.Classes {
		c := &m.Classes[i]
		out.Classes[i] = MapClass{c.Name, c.Driver, make([]MapPool, len(c.Pools)), c.Volumes, c.Used, c.Reserved, c.MayBeReserved}
		for k := range c.Pools {
			out.Classes[i].Pools[k] = mapPoolOf(m, &c.Pools[k])
		}
	}
	if p := m.Pod; p != nil {
		out.Pod = &MapPod{p.Key.Namespace, p.Key.Name, p.Fits, make([]MapVolume, len(p.Volumes))}
		for i, v := range p.Volumes {
			out.Pod.Volumes[i] = MapVolume(v)
		}
	}
	return out
}

func mapNodeOf(m *storagemap.Map, n *storagemap.Node) MapNode {
	out := MapNode{Name: n.Name, Closed: n.Closed, Allowed: n.Allowed}
	for k, s := range n.Slots {
		if !s.Registered {
			continue
		}
		slots := MapSlots{Driver: m.Drivers[k], Used: s.Used}
		if s.Limit >= 0 {
			slots.Limit = &s.Limit
		}
		out.Slots = append(out.Slots, slots)
	}
	if m.Pod != nil {
		out.Fits = &n.Fits
	}
	return out
}

func mapPoolOf(m *storagemap.Map, p *storagemap.Pool) MapPool {
	out := MapPool{Name: p.Name, Where: p.Where, Nodes: p.Nodes, Volumes: p.Volumes, Used: p.Used, Reserved: p.Reserved}
	if p.Zone != storagemap.Nowhere {
		out.Zone = m.Zones[p.Zone].Name
	}
	if p.Known {
		total := totalOf(p)
		out.Free, out.Total = &p.Free, &total
	}
	return out
}

// totalOf is what is used, reserved and free of a pool.
func totalOf(p *storagemap.Pool) int64 {
	return topology.AddBytes(topology.AddBytes(p.Used, p.Reserved), p.Free)
}

// WriteMap draws a map, for a person or as a picture, or writes it for programs.
func WriteMap(w io.Writer, m *storagemap.Map, output string) error {
	switch output {
	case "text":
		return writeMapText(w, m)
	case "svg":
		return writeMapSVG(w, m)
	case "json", "yaml":
		return write(w, output, StorageMapOf(m), nil)
	default:
		return fmt.Errorf("output %q: want text, svg, json or yaml", output)
	}
}
