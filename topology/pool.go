// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"slices"
	"sync/atomic"

	storagev1 "k8s.io/api/storage/v1"

	"github.com/moorage-k8s/moorage/topology/hamt"
	"github.com/moorage-k8s/moorage/topology/nodeset"
)

// Pool is a CSIStorageCapacity: what a driver can still provision for a class in a part of the cluster. Immutable.
type Pool struct {
	Namespace, Name string
	ResourceVersion ResourceVersion
	Class           string
	// Topology says which nodes reach the pool.
	Topology *Selector
	// Capacity is what is left in all, and MaximumVolumeSize the largest single volume, in bytes. Negative means that the
	// driver does not say.
	Capacity, MaximumVolumeSize int64
}

// Key is the object's namespace and name.
func (p *Pool) Key() Key { return Key{p.Namespace, p.Name} }

// VolumeLimit is the largest single volume that fits by what in-tree looks at: maximumVolumeSize where there is one,
// otherwise the capacity. known is false where the object says neither; in-tree refuses such a pool.
func (p *Pool) VolumeLimit() (limit int64, known bool) {
	if p.MaximumVolumeSize >= 0 {
		return p.MaximumVolumeSize, true
	}
	return p.Capacity, p.Capacity >= 0
}

// roomierThan reports whether the pool says that there is more room than the other says, or the one says what it has and the other
// does not.
func (p *Pool) roomierThan(o *Pool) bool {
	return p.Capacity > o.Capacity || p.MaximumVolumeSize > o.MaximumVolumeSize || p.Capacity < 0 && o.Capacity >= 0 ||
		p.MaximumVolumeSize < 0 && o.MaximumVolumeSize >= 0
}

// TemplateCapacityLabel marks the capacities that moorage itself publishes for nodes which an autoscaler may add. They are no pools: no volume can be made from one.
const TemplateCapacityLabel = "moorage.dev/template-capacity"

func poolFromAPI(selectors *nodeset.Pool, c *storagev1.CSIStorageCapacity) *Pool {
	if c.Labels[TemplateCapacityLabel] != "" {
		return nil
	}
	out := &Pool{
		Namespace:         shared(c.Namespace),
		Name:              c.Name,
		ResourceVersion:   resourceVersion(c.ResourceVersion),
		Class:             shared(c.StorageClassName),
		Topology:          selectors.Intern(nodeset.PoolTopology(c.NodeTopology)),
		Capacity:          -1,
		MaximumVolumeSize: -1,
	}
	if c.Capacity != nil {
		out.Capacity = Bytes(*c.Capacity)
	}
	if c.MaximumVolumeSize != nil {
		out.MaximumVolumeSize = Bytes(*c.MaximumVolumeSize)
	}
	return out
}

// classPools are all pools of one class. Each has a slot, so that a node's pools are found by index. Immutable: set and
// delete return a new value, which shares nearly everything with the old one.
type classPools struct {
	slotOf hamt.Map[Key, int32]
	chunks [][]*Pool
	next   int32
	// layout says which nodes reach which slots. It depends on the pools' topologies and the nodes' labels, not on
	// capacities, so a pool that is republished with another capacity keeps it. Compiled when first asked for.
	layout *atomic.Pointer[poolLayout]
}

// poolLayout sorts nodes into groups that reach the same pools. Group 0 reaches none.
type poolLayout struct {
	nodes   *nodeset.Index
	groupOf []int32
	groups  [][]int32
	// inhabited are the groups that nodes are in: others are left over from how the groups were found.
	inhabited []bool
}

const poolsPerChunk = 64

func (p *classPools) pool(slot int32) *Pool { return p.chunks[slot/poolsPerChunk][slot%poolsPerChunk] }

// withSlot returns the pools with one slot changed.
func (p *classPools) withSlot(slot int32, pool *Pool) *classPools {
	out := *p
	out.chunks = slices.Clone(p.chunks)
	at := int(slot / poolsPerChunk)
	if at == len(out.chunks) {
		out.chunks = append(out.chunks, make([]*Pool, poolsPerChunk))
	} else {
		out.chunks[at] = slices.Clone(out.chunks[at])
	}
	out.chunks[at][slot%poolsPerChunk] = pool
	return &out
}

func (p *classPools) set(pool *Pool) *classPools {
	if p == nil {
		p = &classPools{layout: &atomic.Pointer[poolLayout]{}}
	}
	if slot, ok := p.slotOf.Get(pool.Key()); ok {
		out := p.withSlot(slot, pool)
		if p.pool(slot).Topology != pool.Topology {
			out.layout = &atomic.Pointer[poolLayout]{}
		}
		return out
	}
	if int(p.next) > 2*p.slotOf.Len()+poolsPerChunk {
		p = p.compacted()
	}
	out := p.withSlot(p.next, pool)
	out.slotOf = p.slotOf.Set(pool.Key(), p.next)
	out.next = p.next + 1
	out.layout = &atomic.Pointer[poolLayout]{}
	return out
}

// delete leaves an empty slot behind, which the layout tolerates.
func (p *classPools) delete(key Key) *classPools {
	slot, ok := p.slotOf.Get(key)
	if !ok {
		return p
	}
	if p.slotOf.Len() == 1 {
		return nil
	}
	out := p.withSlot(slot, nil)
	out.slotOf = p.slotOf.Delete(key)
	return out
}

func (p *classPools) compacted() *classPools {
	out := &classPools{layout: &atomic.Pointer[poolLayout]{}}
	for key, slot := range p.slotOf.All() {
		at := out.next
		if int(at/poolsPerChunk) == len(out.chunks) {
			out.chunks = append(out.chunks, make([]*Pool, poolsPerChunk))
		}
		out.chunks[at/poolsPerChunk][at%poolsPerChunk] = p.pool(slot)
		out.slotOf = out.slotOf.Set(key, at)
		out.next++
	}
	return out
}

// layoutOn returns the layout for these nodes, compiled at most once unless readers race to be first.
func (p *classPools) layoutOn(nodes *nodeset.Index) *poolLayout {
	if l := p.layout.Load(); l != nil && l.nodes == nodes {
		return l
	}
	l := &poolLayout{nodes: nodes, groupOf: make([]int32, nodes.Len()), groups: [][]int32{nil}}
	refined := map[int32]int32{}
	for slot := range p.next {
		pool := p.pool(slot)
		if pool == nil {
			continue
		}
		// Every group that the pool's nodes are in is split: those of its nodes that the pool reaches form a new one.
		clear(refined)
		for i := range nodes.Match(pool.Topology).All() {
			old := l.groupOf[i]
			group, ok := refined[old]
			if !ok {
				group = int32(len(l.groups))
				l.groups = append(l.groups, append(slices.Clone(l.groups[old]), slot))
				refined[old] = group
			}
			l.groupOf[i] = group
		}
	}
	l.inhabited = make([]bool, len(l.groups))
	for _, group := range l.groupOf {
		l.inhabited[group] = true
	}
	p.layout.Store(l)
	return l
}

// PoolGroups are the pools of one class on one Snapshot, by groups of nodes that reach the same pools. The zero PoolGroups
// has one group, of all nodes, without pools.
type PoolGroups struct {
	pools  *classPools
	layout *poolLayout
}

// Published reports whether the class has any pool at all.
func (g PoolGroups) Published() bool { return g.pools != nil }

// Len is the number of groups; groups are numbered from 0, and some may be without nodes.
func (g PoolGroups) Len() int {
	if g.layout == nil {
		return 1
	}
	return len(g.layout.groups)
}

// Inhabited reports whether any node is in the group. Which groups without nodes there are depends on the order in which the pools
// became known: no answer may rest on them.
func (g PoolGroups) Inhabited(group int) bool { return g.layout == nil || g.layout.inhabited[group] }

// Of returns the group that node i is in.
func (g PoolGroups) Of(i int) int {
	if g.layout == nil {
		return 0
	}
	return int(g.layout.groupOf[i])
}

// AppendPools appends the pools that the group's nodes reach to the slice and returns it.
func (g PoolGroups) AppendPools(to []*Pool, group int) []*Pool {
	if g.layout == nil {
		return to
	}
	for _, slot := range g.layout.groups[group] {
		if pool := g.pools.pool(slot); pool != nil {
			to = append(to, pool)
		}
	}
	return to
}

// Slots returns for the pools that the group's nodes reach where they are: each pool of the class has a slot of its own, below NumSlots.
// Some may be empty. The slice is shared and must not be changed.
func (g PoolGroups) Slots(group int) []int32 {
	if g.layout == nil {
		return nil
	}
	return g.layout.groups[group]
}

// NumSlots is more than any slot.
func (g PoolGroups) NumSlots() int {
	if g.pools == nil {
		return 0
	}
	return int(g.pools.next)
}

// At returns the pool in the slot, nil where it is empty.
func (g PoolGroups) At(slot int32) *Pool { return g.pools.pool(slot) }
