// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"cmp"
	"slices"

	"github.com/moorage-k8s/moorage/topology/hamt"
	"github.com/moorage-k8s/moorage/topology/nodeset"
)

// attachUsage counts, for every driver and node, the distinct volumes that occupy an attach slot: those that the node's pods
// use and those that are attached to it (CSILimits.Filter in kube-scheduler's nodevolumelimits). A volume that both use and
// attachment name is one. Immutable; add returns a new value that shares nearly everything with the old one.
type attachUsage struct {
	// holders are, for each driver and volume handle, the nodes that hold it, by name, each with its number of reasons.
	holders hamt.Map[Key, []holder]
	// counts are, for each driver, the nodes' numbers of distinct volumes.
	counts hamt.Map[Key, hamt.Map[Key, int32]]
	// dense are the same counts laid out by dense node index, and follow the events.
	dense hamt.Map[Key, *denseCounts]
	// bulk is set while many objects arrive at once: dense is then left behind, and laid out again by on.
	bulk *hamt.Edit
}

type holder struct {
	node    string
	reasons int32
}

// denseCounts are one driver's counts by dense node index, in chunks that are copied when they change.
type denseCounts struct {
	chunks [][]int32
}

const countsPerChunk = 256

// editing returns the usage, to be changed by the edit until on.
func (u attachUsage) editing(e *hamt.Edit) attachUsage {
	u.holders, u.counts, u.bulk = u.holders.Editing(e), u.counts.Editing(e), e
	return u
}

// add adds reasons (or with a negative number takes them away) for the node to hold the volume. The index is that of the
// nodes as they are now.
func (u attachUsage) add(index *nodeset.Index, node, driver, handle string, reasons int32) attachUsage {
	volume := Key{driver, handle}
	list, _ := u.holders.Get(volume)
	at, found := slices.BinarySearchFunc(list, node, func(h holder, node string) int { return cmp.Compare(h.node, node) })
	switch {
	case !found && reasons < 0:
		return u
	case !found:
		list = slices.Insert(slices.Clip(list), at, holder{node, reasons})
		u = u.count(index, driver, node, 1)
	case list[at].reasons+reasons == 0:
		list = slices.Delete(slices.Clone(list), at, at+1)
		u = u.count(index, driver, node, -1)
	default:
		list = slices.Clone(list)
		list[at].reasons += reasons
	}
	if len(list) == 0 {
		u.holders = u.holders.Delete(volume)
	} else {
		u.holders = u.holders.Set(volume, list)
	}
	return u
}

func (u attachUsage) count(index *nodeset.Index, driver, node string, by int32) attachUsage {
	key := Key{Name: driver}
	counts, _ := u.counts.Get(key)
	counts = counts.Editing(u.bulk)
	nodeKey := Key{Name: node}
	n, _ := counts.Get(nodeKey)
	if n += by; n == 0 {
		counts = counts.Delete(nodeKey)
	} else {
		counts = counts.Set(nodeKey, n)
	}
	if counts.Len() == 0 {
		u.counts = u.counts.Delete(key)
	} else {
		u.counts = u.counts.Set(key, counts)
	}
	if u.bulk != nil {
		return u
	}
	if counts.Len() == 0 {
		u.dense = u.dense.Delete(key)
	} else if dense, _ := u.dense.Get(key); dense == nil {
		u.dense = u.dense.Set(key, u.layOut(driver, index))
	} else if i, ok := index.Lookup(node); ok {
		u.dense = u.dense.Set(key, dense.with(i, n))
	}
	return u
}

// on returns the usage laid out for the nodes, after a change of nodes or many changes at once.
func (u attachUsage) on(index *nodeset.Index) attachUsage {
	u.bulk, u.dense = nil, hamt.Map[Key, *denseCounts]{}
	for driver := range u.counts.All() {
		u.dense = u.dense.Set(driver, u.layOut(driver.Name, index))
	}
	return u
}

func (d *denseCounts) with(i int, n int32) *denseCounts {
	out := &denseCounts{chunks: slices.Clone(d.chunks)}
	out.chunks[i/countsPerChunk] = slices.Clone(out.chunks[i/countsPerChunk])
	out.chunks[i/countsPerChunk][i%countsPerChunk] = n
	return out
}

func (u attachUsage) layOut(driver string, index *nodeset.Index) *denseCounts {
	d := &denseCounts{}
	for left := index.Len(); left > 0; left -= countsPerChunk {
		d.chunks = append(d.chunks, make([]int32, countsPerChunk))
	}
	counts, _ := u.counts.Get(Key{Name: driver})
	for node, n := range counts.All() {
		if i, ok := index.Lookup(node.Name); ok {
			d.chunks[i/countsPerChunk][i%countsPerChunk] = n
		}
	}
	return d
}

// AttachSlots are the attach slots of one driver on all nodes of a Snapshot.
type AttachSlots struct {
	column *driverColumn
	counts *denseCounts
	usage  attachUsage
	driver string
	index  *nodeset.Index
}

// AttachSlots returns the driver's slots; ok is false where no node has a limit for it.
func (s *Snapshot) AttachSlots(driver string) (slots AttachSlots, ok bool) {
	column := s.table.column(driver)
	if !column.limited {
		return AttachSlots{}, false
	}
	dense, _ := s.usage.dense.Get(Key{Name: driver})
	return AttachSlots{column: column, counts: dense, usage: s.usage, driver: driver, index: s.index}, true
}

// Limit returns the number of volumes that can be attached to node i; negative means any number.
func (a AttachSlots) Limit(i int) int { return int(a.column.allocatable[i]) }

// Used returns the number of distinct volumes that hold a slot of node i.
func (a AttachSlots) Used(i int) int {
	if a.counts == nil {
		return 0
	}
	return int(a.counts.chunks[i/countsPerChunk][i%countsPerChunk])
}

// EachHolder calls f with the index of every node that holds the volume.
func (a AttachSlots) EachHolder(handle string, f func(i int)) {
	holders, _ := a.usage.holders.Get(Key{a.driver, handle})
	for _, h := range holders {
		if i, ok := a.index.Lookup(h.node); ok {
			f(i)
		}
	}
}
