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
	done := map[string]bool{}
	for i := range q.delayed {
		class := q.delayed[i].Claim.Class
		if done[class] || !q.poolsCount(&q.delayed[i]) {
			continue
		}
		done[class] = true
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
	groups := q.s.PoolGroups(class)
	type question struct {
		group  int
		claims uint64
	}
	var (
		last     question
		lastFull bool
		answers  = map[question]bool{}
		pools    []*topology.Pool
		requests []int64
	)
	for i := range q.verdict.Feasible.All() {
		ask := question{group: groups.Of(i)}
		for j, c := range claims {
			if c.provision.Has(i) {
				ask.claims |= 1 << j
			}
		}
		if ask != last || len(answers) == 0 {
			full, known := answers[ask]
			if !known {
				pools, requests = groups.AppendPools(pools[:0], ask.group), requests[:0]
				for j, c := range claims {
					if ask.claims&(1<<j) != 0 {
						requests = append(requests, c.Claim.Request)
					}
				}
				full = !fitTogether(pools, requests)
				answers[ask] = full
			}
			last, lastFull = ask, full
		}
		if lastFull {
			refused.Add(i)
		}
	}
	return refused
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
