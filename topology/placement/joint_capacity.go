// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"cmp"
	"slices"

	"github.com/moorage-k8s/moorage/topology"
)

// jointCapacity refuses the nodes whose pools have room for each delayed claim of the pod, but not for all of them
// together. In-tree looks at each claim alone (kubernetes/kubernetes#111755), so such a pod is sent to a node where one of
// its volumes can be provisioned and the other never.
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
			q.refuse(PodLevel, ReasonJointCapacity, q.jointlyFull(class, claims))
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

// jointlyFull returns the nodes on which the claims that would be provisioned there do not fit together. Nodes that reach
// the same pools and provision the same claims are judged once.
func (q *query) jointlyFull(class string, claims []*delayedClaim) topology.NodeSet {
	refused := topology.NewNodeSet(q.s.NumNodes())
	if len(claims) > maxJointClaims {
		return refused
	}
	j := &jointQuestion{groups: q.s.PoolGroups(class), claims: claims}
	j.whole = make([]answer, j.groups.Len())
	for i := range q.verdict.Feasible.All() {
		if j.full(i) {
			refused.Add(i)
		}
	}
	return refused
}

// jointQuestion remembers what was found, by the pools that a node reaches and the claims that would be provisioned there.
type jointQuestion struct {
	groups topology.PoolGroups
	claims []*delayedClaim
	// whole are the answers for all claims together, by group: the usual case. The others are for parts of them.
	whole  []answer
	others map[claimsInGroup]bool

	pools    []*topology.Pool
	requests []int64
}

type answer uint8

const (
	notAsked answer = iota
	fits
	full
)

type claimsInGroup struct {
	group  int
	claims uint64
}

// full tells whether the claims that would be provisioned for node i do not fit its pools together.
func (j *jointQuestion) full(i int) bool {
	ask := claimsInGroup{group: j.groups.Of(i)}
	for c := range j.claims {
		if j.claims[c].provision.Has(i) {
			ask.claims |= 1 << c
		}
	}
	if ask.claims+1 != 1<<len(j.claims) {
		isFull, known := j.others[ask]
		if !known {
			isFull = !j.fit(ask)
			if j.others == nil {
				j.others = map[claimsInGroup]bool{}
			}
			j.others[ask] = isFull
		}
		return isFull
	}
	if j.whole[ask.group] == notAsked {
		j.whole[ask.group] = full
		if j.fit(ask) {
			j.whole[ask.group] = fits
		}
	}
	return j.whole[ask.group] == full
}

func (j *jointQuestion) fit(ask claimsInGroup) bool {
	j.pools, j.requests = j.groups.AppendPools(j.pools[:0], ask.group), j.requests[:0]
	for c := range j.claims {
		if ask.claims&(1<<c) != 0 {
			j.requests = append(j.requests, j.claims[c].Claim.Request)
		}
	}
	return fitTogether(j.pools, j.requests)
}

const (
	// maxJointClaims is the number of claims of one class and one pod up to which they are packed; a pod with more passes.
	maxJointClaims = 64
	// maxPackingSteps bounds the search for a packing; where it runs out, the node passes.
	maxPackingSteps = 4096
)

// fitTogether tells whether the requests, largest first, can be shared out among the pools. It searches for a packing
// rather than settle for the first that a rule of thumb gives, since a wrong no strands a pod.
func fitTogether(pools []*topology.Pool, requests []int64) bool {
	if len(pools) == 0 {
		return true
	}
	if len(pools) == 1 {
		return fitIn(pools[0], requests)
	}
	free := make([]int64, len(pools))
	for i, p := range pools {
		if p.Capacity < 0 {
			return true
		}
		free[i] = p.Capacity
	}
	steps := maxPackingSteps
	var pack func(requests []int64) bool
	pack = func(requests []int64) bool {
		if len(requests) == 0 {
			return true
		}
		if steps--; steps < 0 {
			return true
		}
		for i, p := range pools {
			limit, known := p.VolumeLimit()
			if !known || limit < requests[0] || free[i] < requests[0] {
				continue
			}
			free[i] -= requests[0]
			ok := pack(requests[1:])
			free[i] += requests[0]
			if ok {
				return true
			}
		}
		return false
	}
	return pack(requests)
}

// fitIn is fitTogether for the usual case of one pool.
func fitIn(p *topology.Pool, requests []int64) bool {
	limit, known := p.VolumeLimit()
	free := p.Capacity
	for _, request := range requests {
		if free -= request; !known || limit < request {
			return p.Capacity < 0
		}
	}
	return free >= 0 || p.Capacity < 0
}
