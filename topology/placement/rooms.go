// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"cmp"
	"slices"

	"github.com/moorage-k8s/moorage/topology"
)

// Rooms are the pools of one class that some node reaches, and what is reserved in them: the one account of room, which the engine judges
// by and people are shown.
type Rooms struct {
	// Pools are those with most room left first.
	Pools []*Room
	// Elsewhere is what is reserved in no one pool: for nodes that reach several, where the driver chooses, that reach none, or that
	// the snapshot does not know.
	Elsewhere int64

	room *poolRoom
	// at is the pool in each slot; nil where no node reaches it.
	at []*Room
}

// Room is a pool, with the nodes that reach it.
type Room struct {
	Pool  *topology.Pool
	Nodes topology.NodeSet
	// Reserved is what surely is reserved in this pool.
	Reserved int64
}

// Free is what is left, less what is reserved; 0 where the pool does not say what it has.
func (r *Room) Free() int64 { return max(topology.SubBytes(r.Pool.Capacity, r.Reserved), 0) }

// RoomsOf returns the rooms of a class. What is reserved for the claims of the demand's pod does not count; the demand may be nil.
func RoomsOf(s *topology.Snapshot, class string, d *Demand) *Rooms {
	if d == nil {
		d = &Demand{}
	}
	r := &Rooms{room: newPoolRoom(s, class, d)}
	groups := r.room.groups
	r.at = make([]*Room, groups.NumSlots())
	members := make([]topology.NodeSet, groups.Len())
	for node := range s.NumNodes() {
		group := groups.Of(node)
		if members[group].Size() == 0 {
			members[group] = topology.NewNodeSet(s.NumNodes())
		}
		members[group].Add(node)
	}
	for group, nodes := range members {
		if nodes.Size() == 0 {
			continue
		}
		for _, slot := range groups.Slots(group) {
			if r.at[slot] == nil {
				room := r.room.in(slot)
				if room == nil {
					continue
				}
				room.Nodes = topology.NewNodeSet(s.NumNodes())
				r.at[slot] = room
				r.Pools = append(r.Pools, room)
			}
			r.at[slot].Nodes.Or(nodes)
		}
	}
	slices.SortFunc(r.Pools, mostRoomFirst)
	var all, placed int64
	for reservation := range d.others(s.Reservations(class)) {
		all = topology.AddBytes(all, reservation.Bytes)
	}
	for _, room := range r.Pools {
		placed = topology.AddBytes(placed, room.Reserved)
	}
	r.Elsewhere = topology.SubBytes(all, placed)
	return r
}

func mostRoomFirst(a, b *Room) int {
	return cmp.Or(cmp.Compare(b.Free(), a.Free()), cmp.Compare(a.Pool.Key().String(), b.Pool.Key().String()))
}

// On returns the pools that node i reaches, those with most room first.
func (r *Rooms) On(i int) []*Room {
	return roomsOn(r.room, i, func(slot int32) *Room { return r.at[slot] })
}

// RoomOn returns the pools of the class that node i reaches, those with most room first. Which other nodes reach them is left out.
func RoomOn(s *topology.Snapshot, class string, i int) []*Room {
	room := newPoolRoom(s, class, &Demand{})
	return roomsOn(room, i, room.in)
}

func roomsOn(room *poolRoom, i int, at func(slot int32) *Room) []*Room {
	var out []*Room
	for _, slot := range room.groups.Slots(room.groups.Of(i)) {
		if r := at(slot); r != nil {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, mostRoomFirst)
	return out
}

// in is the room in the pool of a slot, without its nodes; nil where the slot is empty.
func (r *poolRoom) in(slot int32) *Room {
	pool := r.groups.At(slot)
	if pool == nil {
		return nil
	}
	room := &Room{Pool: pool}
	if r.reserved != nil {
		room.Reserved = r.reserved[slot]
	}
	return room
}

// roomsOf is RoomsOf for the pod that the query is about, made once.
func (q *query) roomsOf(class string) *Rooms {
	rooms := q.rooms[class]
	if rooms == nil {
		if q.rooms == nil {
			q.rooms = map[string]*Rooms{}
		}
		rooms = RoomsOf(q.s, class, q.d)
		q.rooms[class] = rooms
	}
	return rooms
}

// Rooms returns the rooms of a class as the pod of the verdict finds them. It is not safe for concurrent use.
func (v *Verdict) Rooms(class string) *Rooms { return v.query.roomsOf(class) }
