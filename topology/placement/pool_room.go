// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"iter"
	"slices"

	"github.com/moorage-k8s/moorage/topology"
)

// poolRoom is the room in the pools of one class, with what is reserved there taken off.
type poolRoom struct {
	groups topology.PoolGroups
	// reserved is what is reserved in a pool, by slot; nil where nothing is.
	reserved []int64
	// floating are reservations for nodes that reach several pools, by group: which pool they take is up to the driver.
	floating map[int][]int64

	packing packing
	reach   reach
}

// newPoolRoom reckons the room for the pod beside what is surely reserved: all that a refusal may rest on.
func newPoolRoom(s *topology.Snapshot, class string, d *Demand) *poolRoom {
	r := &poolRoom{groups: s.PoolGroups(class)}
	r.packing.steps = maxPackingStepsInAll
	r.takeReserved(s, d.others(s.Reservations(class)))
	return r
}

// newLikelyRoom reckons with what is uncertain as well: enough for a score.
func newLikelyRoom(s *topology.Snapshot, class string, d *Demand) *poolRoom {
	r := newPoolRoom(s, class, d)
	r.takeReserved(s, d.others(s.Uncertain(class)))
	return r
}

// takeReserved takes the reservations' room. Those for nodes that the snapshot does not know, or that reach no pool, take none.
func (r *poolRoom) takeReserved(s *topology.Snapshot, reservations iter.Seq[*topology.Reservation]) {
	for reservation := range reservations {
		node, known := s.NodeIndex(reservation.Node)
		if !known {
			continue
		}
		group := r.groups.Of(node)
		if slot, one := r.onlyPool(group); one {
			r.reserve(slot, reservation.Bytes)
		} else {
			r.float(group, reservation.Bytes)
		}
	}
}

// onlyPool returns the slot of the pool that the group's nodes reach, if it is one.
func (r *poolRoom) onlyPool(group int) (slot int32, one bool) {
	found := 0
	for _, s := range r.groups.Slots(group) {
		if r.groups.At(s) != nil {
			slot, found = s, found+1
		}
	}
	return slot, found == 1
}

func (r *poolRoom) reserve(slot int32, bytes int64) {
	if r.reserved == nil {
		r.reserved = make([]int64, r.groups.NumSlots())
	}
	r.reserved[slot] = topology.AddBytes(r.reserved[slot], bytes)
}

// float reserves room in one of several pools, or in none where the group has none.
func (r *poolRoom) float(group int, bytes ...int64) {
	if len(r.groups.Slots(group)) < 2 {
		return
	}
	if r.floating == nil {
		r.floating = map[int][]int64{}
	}
	r.floating[group] = append(r.floating[group], bytes...)
}

// takePending takes the room of pending claims of the class off in every pool where they may be. Claims that may be on the same nodes,
// as those of pods alike, are taken together.
func (r *poolRoom) takePending(pending []*Pending, all topology.NodeSet) {
	for len(pending) > 0 {
		nodes := pending[0].Nodes
		bytes := []int64{pending[0].Bytes}
		for _, p := range pending[1:] {
			if !nodes.Equal(p.Nodes) {
				break
			}
			bytes = append(bytes, p.Bytes)
		}
		pending = pending[len(bytes):]
		if nodes.Size() == 0 {
			nodes = all
		}
		r.takeOnAll(nodes, bytes)
	}
}

// takeOnAll takes room off in every pool that one of the nodes reaches.
func (r *poolRoom) takeOnAll(nodes topology.NodeSet, bytes []int64) {
	var sum int64
	for _, b := range bytes {
		sum = topology.AddBytes(sum, b)
	}
	r.reach.begin(r.groups)
	for node := range nodes.All() {
		group := r.groups.Of(node)
		if !r.reach.newGroup(group) {
			continue
		}
		if slot, one := r.onlyPool(group); !one {
			r.float(group, bytes...)
		} else if r.reach.newSlot(slot) {
			r.reserve(slot, sum)
		}
	}
}

// reach remembers which groups and pools a walk over nodes has come by. Walks are numbered, so that nothing has to be cleared.
type reach struct {
	groups, slots []int32
	walk          int32
}

func (r *reach) begin(groups topology.PoolGroups) {
	if r.groups == nil {
		r.groups, r.slots = make([]int32, groups.Len()), make([]int32, groups.NumSlots())
	}
	r.walk++
}

func (r *reach) newGroup(group int) bool {
	isNew := r.groups[group] != r.walk
	r.groups[group] = r.walk
	return isNew
}

func (r *reach) newSlot(slot int32) bool {
	isNew := r.slots[slot] != r.walk
	r.slots[slot] = r.walk
	return isNew
}

// anyReserved reports whether anything is reserved in any of the pools.
func (r *poolRoom) anyReserved() bool { return r.reserved != nil || len(r.floating) > 0 }

// unreserved is the room as it is published.
func (r *poolRoom) unreserved() *poolRoom {
	return &poolRoom{groups: r.groups, packing: packing{steps: maxPackingStepsInAll}}
}

// freeIn is what is left in the pool of the slot; it is negative where more is reserved than there is.
func (r *poolRoom) freeIn(slot int32, pool *topology.Pool) int64 {
	if r.reserved == nil {
		return pool.Capacity
	}
	return topology.SubBytes(pool.Capacity, r.reserved[slot])
}

// free is what is left in the group's pools together; known is false where no pool says what it has.
func (r *poolRoom) free(group int) (bytes int64, known bool) {
	for _, slot := range r.groups.Slots(group) {
		if p := r.groups.At(slot); p != nil && p.Capacity >= 0 {
			bytes, known = topology.AddBytes(bytes, r.freeIn(slot, p)), true
		}
	}
	for _, floating := range r.floating[group] {
		bytes = topology.SubBytes(bytes, floating)
	}
	return max(bytes, 0), known
}

// fit reports whether the requests, largest first, can be shared out among the group's pools, beside what is reserved there. Where several
// pools are to choose from, what is reserved for other nodes that reach some of them only is left out of account.
func (r *poolRoom) fit(group int, requests []int64) bool {
	k := &r.packing
	k.begin()
	for _, slot := range r.groups.Slots(group) {
		p := r.groups.At(slot)
		switch {
		case p == nil:
			continue
		case p.Capacity < 0:
			return true
		}
		limit, _ := p.VolumeLimit()
		k.bins = append(k.bins, bin{free: r.freeIn(slot, p), limit: limit})
	}
	switch len(k.bins) {
	case 0:
		return true
	case 1:
		return k.bins[0].holds(requests)
	}
	for _, b := range requests {
		k.items = append(k.items, item{bytes: b, limited: true})
	}
	// What is reserved was let through before; its volume may even be made, so the pool's limit for one is no matter.
	for _, b := range r.floating[group] {
		k.items = append(k.items, item{bytes: b})
	}
	slices.SortStableFunc(k.items, largestFirst)
	return k.fit()
}
