// SPDX-License-Identifier: Apache-2.0

package storagemap

import (
	"cmp"
	"slices"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// Nowhere is the index of no zone and of no pool.
const Nowhere = -1

// pools draws every class with its pools, and counts the volumes into zones and pools.
func (d *drawing) pools() {
	at := map[string]*classPools{}
	for _, key := range d.s.Keys(topology.KindClass) {
		at[key.Name] = d.class(key.Name)
	}
	reach := reaches{s: d.s, known: map[*topology.Selector]extent{}}
	for _, key := range d.s.Keys(topology.KindVolume) {
		v := d.s.Volume(key.Name)
		from := reach.of(v, d.zoneOf)
		if from.zone != Nowhere {
			d.m.Zones[from.zone].Volumes++
			d.m.Zones[from.zone].Bytes = topology.AddBytes(d.m.Zones[from.zone].Bytes, v.Capacity)
		}
		if c := at[v.Class]; c != nil {
			c.count(v, from.nodes)
		}
	}
	for _, key := range d.s.Keys(topology.KindClass) {
		d.m.Classes = append(d.m.Classes, at[key.Name].finished(d))
	}
}

// extent is from where a volume can be reached.
type extent struct {
	nodes topology.NodeSet
	// zone is the one zone that it can be reached from; Nowhere where there are several, or none.
	zone int
}

// reaches remembers the extents of what many volumes have in common.
type reaches struct {
	s     *topology.Snapshot
	known map[*topology.Selector]extent
}

func (r *reaches) of(v *topology.Volume, zoneOf []int) extent {
	plain := v.Migration == nil && len(v.Zones) == 0
	if plain {
		if e, ok := r.known[v.Affinity]; ok {
			return e
		}
	}
	e := extent{nodes: r.s.Reach(v), zone: Nowhere}
	first := true
	for i := range e.nodes.All() {
		if first {
			e.zone, first = zoneOf[i], false
		} else if e.zone != zoneOf[i] {
			e.zone = Nowhere
			break
		}
	}
	if plain {
		r.known[v.Affinity] = e
	}
	return e
}

// classPools is a class while its volumes are counted.
type classPools struct {
	class Class
	rooms []*placement.Room
	// poolOf is the pool of each node, by index; Nowhere where a node reaches none or several.
	poolOf  []int
	used    []int64
	volumes []int
}

func (d *drawing) class(name string) *classPools {
	class, rooms := d.s.Class(name), placement.RoomsOf(d.s, name, nil)
	c := &classPools{
		class: Class{Name: name, Driver: cmp.Or(class.Driver, class.Provisioner), Reserved: rooms.Elsewhere},
		rooms: rooms.Pools, poolOf: make([]int, d.s.NumNodes()), used: make([]int64, len(rooms.Pools)), volumes: make([]int, len(rooms.Pools)),
	}
	for r := range d.s.Uncertain(name) {
		c.class.MayBeReserved = topology.AddBytes(c.class.MayBeReserved, r.Bytes)
	}
	at := make(map[*placement.Room]int, len(rooms.Pools))
	for i, room := range rooms.Pools {
		at[room] = i
	}
	for i := range d.s.NumNodes() {
		c.poolOf[i] = Nowhere
		if reached := rooms.On(i); len(reached) == 1 {
			c.poolOf[i] = at[reached[0]]
		}
	}
	return c
}

// count adds a volume to the pool that all nodes reach from which it can be reached.
func (c *classPools) count(v *topology.Volume, from topology.NodeSet) {
	pool := Nowhere
	for i := range from.All() {
		if pool = c.poolOf[i]; pool != Nowhere {
			outside := from.Clone()
			outside.AndNot(c.rooms[pool].Nodes)
			if !outside.Empty() {
				pool = Nowhere
			}
		}
		break
	}
	if pool == Nowhere {
		c.class.Volumes++
		c.class.Used = topology.AddBytes(c.class.Used, v.Capacity)
		return
	}
	c.volumes[pool]++
	c.used[pool] = topology.AddBytes(c.used[pool], v.Capacity)
}

func (c *classPools) finished(d *drawing) Class {
	for i, room := range c.rooms {
		out := Pool{
			Name: room.Pool.Key().String(), Where: room.Pool.Name, Zone: Nowhere, Nodes: room.Nodes.Len(), Volumes: c.volumes[i], Used: c.used[i],
			Reserved: room.Reserved, Free: room.Free(), Known: room.Pool.Capacity >= 0,
		}
		first, zone, one := Nowhere, Nowhere, true
		for n := range room.Nodes.All() {
			if first == Nowhere {
				first, zone = n, d.zoneOf[n]
			}
			one = one && d.zoneOf[n] == zone
		}
		if one {
			out.Zone = zone
		}
		switch {
		case one && d.m.Zones[zone].Name != "" && out.Nodes == len(d.m.Zones[zone].Nodes):
			out.Where = d.m.Zones[zone].Name
		case out.Nodes == 1:
			out.Where = d.s.Node(first).Name
		}
		c.class.Pools = append(c.class.Pools, out)
	}
	slices.SortFunc(c.class.Pools, func(a, b Pool) int { return cmp.Compare(a.Where, b.Where) })
	return c.class
}
