// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"cmp"
	"slices"

	"github.com/moorage-k8s/moorage/topology"
)

// jointCapacity refuses the nodes whose pools have room for each delayed claim of the pod, but not for all of them
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
			q.refuse(PodLevel, ReasonJointCapacity, full)
			q.refuse(PodLevel, ReasonReserved, taken)
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
	if len(claims) > maxJointClaims {
		return full, taken
	}
	j := &jointQuestion{room: newPoolRoom(q.s, class, q.d), claims: claims}
	for i := range q.pending {
		if p := &q.pending[i]; p.Class == class && !q.d.uses(p.Claim) {
			j.room.takePending(p, q.s.AllNodes())
		}
	}
	j.whole = make([]answer, j.room.groups.Len())
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

// jointQuestion remembers what was found, by the pools that a node reaches and the claims that would be provisioned there.
type jointQuestion struct {
	room   *poolRoom
	claims []*delayedClaim
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
	group  int
	claims uint64
}

// ask tells whether the claims that would be provisioned for node i fit its pools together.
func (j *jointQuestion) ask(i int) answer {
	ask := claimsInGroup{group: j.room.groups.Of(i)}
	for c := range j.claims {
		if j.claims[c].provision.Has(i) {
			ask.claims |= 1 << c
		}
	}
	if ask.claims+1 == 1<<len(j.claims) {
		if j.whole[ask.group] == notAsked {
			j.whole[ask.group] = j.fit(ask)
		}
		return j.whole[ask.group]
	}
	found, known := j.others[ask]
	if !known {
		found = j.fit(ask)
		if j.others == nil {
			j.others = map[claimsInGroup]answer{}
		}
		j.others[ask] = found
	}
	return found
}

func (j *jointQuestion) fit(ask claimsInGroup) answer {
	j.requests = j.requests[:0]
	for c := range j.claims {
		if ask.claims&(1<<c) != 0 {
			j.requests = append(j.requests, j.claims[c].Claim.Request)
		}
	}
	switch {
	case j.room.fit(ask.group, j.requests):
		return fits
	case j.room.anyReserved() && j.room.unreserved().fit(ask.group, j.requests):
		return isTaken
	default:
		return isFull
	}
}

// maxJointClaims is the number of claims of one class and one pod up to which they are packed; a pod with more passes.
const maxJointClaims = 64
