// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"cmp"
	"slices"

	"github.com/moorage-k8s/moorage/topology"
)

// jointCapacity rules out the nodes whose pools have room for each delayed claim of the pod, but not for all of them
// together, or not beside what is reserved there for claims on their way. In-tree looks at each claim alone
// (kubernetes/kubernetes#111755), against a figure that can be a minute old, so such a pod is sent to a node where one of its
// volumes can be provisioned and the other never, or where another pod takes the room first.
//
// A pool whose capacity is not published limits nothing here, and neither does a node without pools: that is for
// poolCapacity to judge. Classes are looked at one by one: that two classes draw on
// one physical pool cannot be seen in the API.
func jointCapacity(q *query) {
	for i := range q.delayed {
		class := q.delayed[i].Claim.Class
		before := func(c delayedClaim) bool { return c.Claim.Class == class }
		if slices.ContainsFunc(q.delayed[:i], before) || !q.poolsCount(&q.delayed[i]) {
			continue
		}
		if claims := q.claimsOfClass(class); len(claims) > 0 {
			full, taken := q.jointlyFull(class, claims)
			q.refuseFor(class, ReasonJointCapacity, full)
			q.refuseFor(class, ReasonReserved, taken)
		}
	}
}

// claimsOfClass returns the delayed claims of the class with a size, largest first, each once even if two volumes of the
// pod name it.
func (q *query) claimsOfClass(class string) []*delayedClaim {
	var claims []*delayedClaim
	for i := range q.delayed {
		c := &q.delayed[i]
		same := func(o *delayedClaim) bool { return o.Claim == c.Claim }
		if c.Claim.Class == class && c.Claim.HasRequest && !slices.ContainsFunc(claims, same) {
			claims = append(claims, c)
		}
	}
	slices.SortStableFunc(claims, func(a, b *delayedClaim) int { return cmp.Compare(b.Claim.Request, a.Claim.Request) })
	return claims
}

// jointlyFull returns the nodes on which the claims that would be provisioned there do not fit together, and those on which
// they would but for what is reserved. Nodes that reach the same pools and provision the same claims are judged once.
func (q *query) jointlyFull(class string, claims []*delayedClaim) (full, taken topology.NodeSet) {
	full, taken = topology.NewNodeSet(q.s.NumNodes()), topology.NewNodeSet(q.s.NumNodes())
	j := &jointQuestion{}
	j.begin(q, class, claims)
	for i := range q.verdict.Feasible.All() {
		switch j.ask(i) {
		case isFull:
			full.Add(i)
		case isTaken:
			taken.Add(i)
		}
	}
	return full, taken
}

// begin puts the question for the claims of a class.
func (j *jointQuestion) begin(q *query, class string, claims []*delayedClaim) {
	j.room, j.claims = newPoolRoom(q.s, class, q.d), claims
	j.room.takePending(q.pendingOf(class), q.s.AllNodes())
	j.published = j.room.unreserved()
	j.whole = make([]answer, j.room.groups.Len())
}

// pendingOf are the pending claims of the class, but for the pod's own.
func (q *query) pendingOf(class string) []*Pending {
	var pending []*Pending
	for i := range q.pending {
		if p := &q.pending[i]; p.Class == class && !q.d.uses(p.Claim) {
			pending = append(pending, p)
		}
	}
	return pending
}

// jointQuestion remembers what was found, by the pools that a node reaches and the claims that would be provisioned there.
type jointQuestion struct {
	// room is what is left beside what is reserved, published what there would be without.
	room, published *poolRoom
	claims          []*delayedClaim
	// whole are the answers for all claims together, by group: the usual case. The others are for parts of them.
	whole  []answer
	others map[claimsInGroup]answer

	requests []int64
}

type answer uint8

const (
	notAsked answer = iota
	fits
	isFull
	isTaken
)

type claimsInGroup struct {
	group int
	// claims has a bit for each.
	claims [maxJointClaims / 64]uint64
}

// ask reports whether the claims that would be provisioned for node i fit its pools together.
func (j *jointQuestion) ask(i int) answer {
	ask := claimsInGroup{group: j.room.groups.Of(i)}
	j.requests = j.requests[:0]
	for c := range j.claims {
		if j.claims[c].provision.Has(i) {
			j.requests = append(j.requests, j.claims[c].Claim.Request)
			if c < maxJointClaims {
				ask.claims[c/64] |= 1 << (c % 64)
			}
		}
	}
	if len(j.requests) == len(j.claims) {
		if j.whole[ask.group] == notAsked {
			j.whole[ask.group] = j.fit(ask.group)
		}
		return j.whole[ask.group]
	}
	if len(j.claims) > maxJointClaims {
		return j.fit(ask.group)
	}
	found, known := j.others[ask]
	if !known {
		found = j.fit(ask.group)
		if j.others == nil {
			j.others = map[claimsInGroup]answer{}
		}
		j.others[ask] = found
	}
	return found
}

func (j *jointQuestion) fit(group int) answer {
	switch {
	case j.room.fit(group, j.requests):
		return fits
	case j.room.anyReserved() && j.published.fit(group, j.requests):
		return isTaken
	default:
		return isFull
	}
}

// maxJointClaims is the number of claims of one class and one pod up to which the answers for parts of them are remembered.
const maxJointClaims = 64
