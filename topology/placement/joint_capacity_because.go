// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"cmp"
	"iter"
	"slices"

	"github.com/moorage-k8s/moorage/topology"
)

func jointCapacityBecause(q *query, e *Elimination, node int) Evidence {
	j := q.joint[e.Subject]
	if j == nil {
		if q.joint == nil {
			q.joint = map[string]*jointQuestion{}
		}
		j = &jointQuestion{}
		j.begin(q, e.Subject, q.claimsOfClass(e.Subject))
		q.joint[e.Subject] = j
	}
	j.ask(node) // Gathers the requests.
	group := j.room.groups.Of(node)
	out := Evidence{Class: e.Subject, Pools: q.roomsOf(e.Subject).On(node)}
	for _, c := range j.claims {
		if c.provision.Has(node) {
			out.Claims = append(out.Claims, c.Claim)
			out.Wanted = topology.AddBytes(out.Wanted, c.Claim.Request)
		}
	}
	if e.Reason == ReasonReserved {
		out.Had, _ = j.room.free(group)
		out.Promises = q.promisesInTheWay(j, e.Subject, group)
	} else {
		out.Had, _ = j.published.free(group)
	}
	return out
}

// promisesInTheWay returns as few of the promises as will do to make room for the question's claims in the group's pools. Room is given
// to one promise after the other, the smallest first: those for which there is room beside the claims are in nobody's way.
func (q *query) promisesInTheWay(j *jointQuestion, class string, group int) []Promise {
	room := j.room.unreserved()
	type taking struct {
		Promise
		take func()
	}
	var all []taking
	for r := range q.d.others(q.s.Reservations(class)) {
		one := iter.Seq[*topology.Reservation](func(yield func(*topology.Reservation) bool) { yield(r) })
		all = append(all, taking{Promise{r.Claim, r.Bytes, r.Node}, func() { room.takeReserved(q.s, one) }})
	}
	for _, p := range q.pendingOf(class) {
		all = append(all, taking{Promise{Claim: p.Claim, Bytes: p.Bytes}, func() { room.takePending([]*Pending{p}, q.s.AllNodes()) }})
	}
	slices.SortStableFunc(all, func(a, b taking) int {
		return cmp.Or(cmp.Compare(a.Bytes, b.Bytes), cmp.Compare(b.Claim.String(), a.Claim.String()))
	})
	var blamed []Promise
	for i := range all {
		before := room.markOf(group)
		if all[i].take(); !room.fit(group, j.requests) {
			room.restore(group, before)
			blamed = append(blamed, all[i].Promise)
		}
	}
	slices.Reverse(blamed)
	return blamed
}

// mark is what is reserved in a group's pools.
type mark struct{ reserved, floating []int64 }

func (r *poolRoom) markOf(group int) mark {
	m := mark{floating: slices.Clone(r.floating[group])}
	for _, slot := range r.groups.Slots(group) {
		var reserved int64
		if r.reserved != nil {
			reserved = r.reserved[slot]
		}
		m.reserved = append(m.reserved, reserved)
	}
	return m
}

func (r *poolRoom) restore(group int, m mark) {
	if r.floating != nil {
		r.floating[group] = m.floating
	}
	if r.reserved != nil {
		for i, slot := range r.groups.Slots(group) {
			r.reserved[slot] = m.reserved[i]
		}
	}
}
