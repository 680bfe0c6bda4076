// SPDX-License-Identifier: Apache-2.0

package storagemap

import (
	"cmp"
	"slices"

	"github.com/moorage-k8s/moorage/topology"
)

// nowhere is the index of no zone and of no pool.
const nowhere = -1

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
		if from.zone != nowhere {
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
	// zone is the one zone that it can be reached from; nowhere where there are several, or none.
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
	e := extent{nodes: r.s.Reach(v), zone: nowhere}
	first := true
	for i := range e.nodes.All() {
		if first {
			e.zone, first = zoneOf[i], false
		} else if e.zone != zoneOf[i] {
			e.zone = nowhere
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
	of    topology.PoolGroups
	pools []*topology.Pool
	nodes []topology.NodeSet
	// poolOf is the pool of each node, by index; nowhere where a node reaches none or several.
	poolOf []int
	// counted is where the volumes of an extent are, remembered for extents that are shared.
	used     []int64
	reserved []int64
	volumes  []int
}

func (d *drawing) class(name string) *classPools {
	class := d.s.Class(name)
	c := &classPools{
		class: Class{Name: name, Driver: cmp.Or(class.Driver, class.Provisioner)},
		of:    d.s.PoolGroups(name), poolOf: make([]int, d.s.NumNodes()),
	}
	index := map[topology.Key]int{}
	var of []*topology.Pool
	for i := range d.s.NumNodes() {
		c.poolOf[i] = nowhere
		of = c.of.AppendPools(of[:0], c.of.Of(i))
		for _, pool := range of {
			at, ok := index[pool.Key()]
			if !ok {
				at = len(c.pools)
				index[pool.Key()] = at
				c.pools, c.nodes = append(c.pools, pool), append(c.nodes, topology.NewNodeSet(d.s.NumNodes()))
			}
			c.nodes[at].Add(i)
			if len(of) == 1 {
				c.poolOf[i] = at
			}
		}
	}
	c.used, c.reserved, c.volumes = make([]int64, len(c.pools)), make([]int64, len(c.pools)), make([]int, len(c.pools))
	for r := range d.s.Reservations(name) {
		if i, ok := d.s.NodeIndex(r.Node); ok && c.poolOf[i] != nowhere {
			c.reserved[c.poolOf[i]] = topology.AddBytes(c.reserved[c.poolOf[i]], r.Bytes)
		} else {
			c.class.Reserved = topology.AddBytes(c.class.Reserved, r.Bytes)
		}
	}
	return c
}

// count adds a volume to the pool that all nodes reach from which it can be reached.
func (c *classPools) count(v *topology.Volume, from topology.NodeSet) {
	pool := nowhere
	for i := range from.All() {
		if pool = c.poolOf[i]; pool != nowhere {
			outside := from.Clone()
			outside.AndNot(c.nodes[pool])
			if !outside.Empty() {
				pool = nowhere
			}
		}
		break
	}
	if pool == nowhere {
		c.class.Volumes++
		c.class.Used = topology.AddBytes(c.class.Used, v.Capacity)
		return
	}
	c.volumes[pool]++
	c.used[pool] = topology.AddBytes(c.used[pool], v.Capacity)
}

func (c *classPools) finished(d *drawing) Class {
	for i, p := range c.pools {
		out := Pool{Where: p.Name, Zone: nowhere, Nodes: c.nodes[i].Len(), Volumes: c.volumes[i], Used: c.used[i], Reserved: c.reserved[i]}
		if p.Capacity >= 0 {
			out.Known, out.Free = true, max(topology.SubBytes(p.Capacity, c.reserved[i]), 0)
		}
		first, zone, one := nowhere, nowhere, true
		for n := range c.nodes[i].All() {
			if first == nowhere {
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
