// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"slices"

	"github.com/moorage-k8s/moorage/topology"
)

// Member is a pod that was let through: where it may be, and what it takes there.
type Member struct {
	Claims []Pending
	// Nodes are of the snapshot that is asked. Node is one of them, where the pod is thought to be, or -1.
	Nodes topology.NodeSet
	Node  int
}

// Arrangement is what came of a search for room for all members of a group.
type Arrangement uint8

// The arrangements.
const (
	// Arranged is where each member has a node, and all of them fit.
	Arranged Arrangement = iota
	// Impossible is where they cannot all fit, wherever each of them is.
	Impossible
	// Unclear is where the search found nothing, and cannot tell that there is nothing.
	Unclear
)

// maxArrangingSteps bounds one search.
const maxArrangingSteps = 200_000

// Arrange looks for a node for each of the members, so that all fit beside what is pending, and writes it into them. It leaves
// them where they are thought to be if it can, and moves as few as it has to.
func Arrange(s *topology.Snapshot, d *Demand, pending []Pending, members []Member) Arrangement {
	a := &arranging{s: s, d: d, pending: pending, members: members, rooms: map[string]*poolRoom{}, steps: maxArrangingSteps}
	a.held = make([][]holding, len(members))
	a.at = make([]int, len(members))
	if a.excluded() {
		return Impossible
	}
	var moved []int
	for i := range members {
		a.at[i] = -1
		if node := members[i].Node; node < 0 || !members[i].Nodes.Has(node) || !a.take(i, node) {
			moved = append(moved, i)
		}
	}
	for _, i := range moved {
		if a.visited = map[int]bool{}; !a.place(i) {
			if a.exact() && a.steps >= 0 {
				return Impossible
			}
			return Unclear
		}
	}
	for i := range members {
		members[i].Node = a.at[i]
	}
	return Arranged
}

// arranging is one search. It takes the room of a member in the pools of one node, and where there is none, moves another one away: for members
// that are alike that finds an arrangement if there is one (it is the search for a matching).
type arranging struct {
	s       *topology.Snapshot
	d       *Demand
	pending []Pending
	members []Member
	rooms   map[string]*poolRoom
	at      []int
	held    [][]holding
	visited map[int]bool
	sites   map[[2]int]int
	steps   int
}

// holding is room that a member takes in a pool.
type holding struct {
	room  *poolRoom
	slot  int32
	bytes int64
}

func (a *arranging) room(class string) *poolRoom {
	r, known := a.rooms[class]
	if !known {
		r = newPoolRoom(a.s, class, a.d)
		var pending []*Pending
		for i := range a.pending {
			if p := &a.pending[i]; p.Class == class && !a.d.uses(p.Claim) {
				pending = append(pending, p)
			}
		}
		r.takePending(pending, a.s.AllNodes())
		a.rooms[class] = r
	}
	return r
}

// site numbers what the node's pools are to the member: nodes that reach the same pools are one site.
func (a *arranging) site(m *Member, node int) int {
	site := -1
	for i := range m.Claims {
		group := a.room(m.Claims[i].Class).groups.Of(node)
		if len(m.Claims) == 1 {
			return group
		}
		if a.sites == nil {
			a.sites = map[[2]int]int{}
		}
		pair := [2]int{site, group}
		known, ok := a.sites[pair]
		if !ok {
			known = len(a.sites) + 1<<32
			a.sites[pair] = known
		}
		site = known
	}
	return site
}

// take gives the member its room on the node, if there is enough: each claim in the pool with the most.
func (a *arranging) take(i, node int) bool {
	for c := range a.members[i].Claims {
		p := &a.members[i].Claims[c]
		if p.Nodes.Size() > 0 && !p.Nodes.Has(node) {
			continue
		}
		room := a.room(p.Class)
		best, most, pools := int32(-1), int64(-1), 0
		for _, slot := range room.groups.Slots(room.groups.Of(node)) {
			pool := room.groups.At(slot)
			if pool == nil {
				continue
			}
			if pools++; pool.Capacity < 0 {
				best, pools = -1, 0
				break
			}
			if free := room.freeIn(slot, pool); free > most {
				best, most = slot, free
			}
		}
		if pools == 0 {
			continue
		}
		if most < p.Bytes {
			a.give(i)
			return false
		}
		room.reserve(best, p.Bytes)
		a.held[i] = append(a.held[i], holding{room, best, p.Bytes})
	}
	a.at[i] = node
	return true
}

// give takes the member's room back.
func (a *arranging) give(i int) {
	for _, h := range a.held[i] {
		h.room.reserve(h.slot, -h.bytes)
	}
	a.held[i], a.at[i] = a.held[i][:0], -1
}

// place finds a node for the member that has none.
func (a *arranging) place(i int) bool {
	m := &a.members[i]
	for node := range m.Nodes.All() {
		if a.steps--; a.steps < 0 {
			return false
		}
		if !a.visited[a.site(m, node)] && a.take(i, node) {
			return true
		}
	}
	for node := range m.Nodes.All() {
		if a.steps--; a.steps < 0 {
			return false
		}
		site := a.site(m, node)
		if a.visited[site] {
			continue
		}
		a.visited[site] = true
		for o := range a.members {
			if a.steps--; a.steps < 0 {
				return false
			}
			if o == i || a.at[o] < 0 || !a.shares(o, m, node) {
				continue
			}
			was, held := a.at[o], slices.Clone(a.held[o])
			a.give(o)
			if a.take(i, node) {
				if a.place(o) {
					return true
				}
				a.give(i)
			}
			for _, h := range held {
				h.room.reserve(h.slot, h.bytes)
			}
			a.held[o], a.at[o] = held, was
		}
	}
	return false
}

// shares reports whether a member holds room in a pool that another one would use on the node.
func (a *arranging) shares(o int, m *Member, node int) bool {
	for _, h := range a.held[o] {
		for c := range m.Claims {
			room := a.room(m.Claims[c].Class)
			if room == h.room && slices.Contains(room.groups.Slots(room.groups.Of(node)), h.slot) {
				return true
			}
		}
	}
	return false
}

// exact reports whether the search finds every arrangement: each member takes as much as any other, of one class, in one pool.
func (a *arranging) exact() bool {
	class, bytes := "", int64(-1)
	for i := range a.members {
		m := &a.members[i]
		sum := int64(0)
		for c := range m.Claims {
			p := &m.Claims[c]
			if class == "" {
				class = p.Class
			}
			if p.Class != class || !p.Nodes.Equal(m.Nodes) {
				return false
			}
			sum = topology.AddBytes(sum, p.Bytes)
		}
		if bytes < 0 {
			bytes = sum
		}
		if sum != bytes {
			return false
		}
	}
	return class == "" || !a.severalPools(class)
}

func (a *arranging) severalPools(class string) bool {
	room := a.room(class)
	for group := range room.groups.Len() {
		if _, one := room.onlyPool(group); !one && room.groups.Inhabited(group) && len(room.groups.Slots(group)) > 1 {
			return true
		}
	}
	return false
}

// excluded reports whether sums rule every arrangement out: of some class the members want more than there is in all the pools that one of them may
// reach, or are more than these could hold if all were as small as the smallest.
func (a *arranging) excluded() bool {
	var classes []string
	for i := range a.members {
		for c := range a.members[i].Claims {
			if class := a.members[i].Claims[c].Class; !slices.Contains(classes, class) {
				classes = append(classes, class)
			}
		}
	}
	return slices.ContainsFunc(classes, a.excludedIn)
}

func (a *arranging) excludedIn(class string) bool {
	room := a.room(class)
	nodes := topology.NewNodeSet(a.s.NumNodes())
	var wanted, smallest, count int64
	oneByOne := a.severalPools(class)
	for i := range a.members {
		m := &a.members[i]
		sum, always := int64(0), true
		for c := range m.Claims {
			p := &m.Claims[c]
			if p.Class != class {
				continue
			}
			if !p.Nodes.Equal(m.Nodes) {
				always = false // On some nodes it takes a volume that exists.
				continue
			}
			sum = topology.AddBytes(sum, p.Bytes)
			if oneByOne {
				if count++; smallest == 0 || p.Bytes < smallest {
					smallest = p.Bytes
				}
			}
		}
		if sum == 0 {
			continue
		}
		if wanted = topology.AddBytes(wanted, sum); !oneByOne && always {
			if count++; smallest == 0 || sum < smallest {
				smallest = sum
			}
		}
		nodes.Or(m.Nodes)
	}
	free, holds := int64(0), int64(0)
	room.reach.begin(room.groups)
	for node := range nodes.All() {
		group := room.groups.Of(node)
		if !room.reach.newGroup(group) {
			continue
		}
		pools := 0
		for _, slot := range room.groups.Slots(group) {
			pool := room.groups.At(slot)
			if pool == nil {
				continue
			}
			if pools++; pool.Capacity < 0 {
				return false
			}
			if room.reach.newSlot(slot) {
				left := max(room.freeIn(slot, pool), 0)
				free = topology.AddBytes(free, left)
				if smallest > 0 {
					holds = topology.AddBytes(holds, left/smallest)
				}
			}
		}
		if pools == 0 {
			return false
		}
		if len(a.pending) == 0 {
			for _, b := range room.floating[group] {
				free = topology.SubBytes(free, b)
			}
		}
	}
	return wanted > free || smallest > 0 && count > holds
}
