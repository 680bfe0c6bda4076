// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// prioritize answers /prioritize. kube-scheduler ignores an error here, so before the cluster has been read the answer is a
// status that says so.
func (e *Extender) prioritize(_ context.Context, r *request, out []byte) (answer []byte, status int) {
	if message := e.unsynced(); message != "" {
		return errorAnswer(message), http.StatusServiceUnavailable
	}
	return prioritizeAnswer(out, r, e.scores(r)), http.StatusOK
}

// scores asks the engine to rate the candidates. A node that the cache does not know has the worst score, and a fault in
// the engine gives all the same.
func (e *Extender) scores(r *request) (score func(i int) int) {
	defer func() {
		if fault := recover(); fault != nil {
			e.fault("prioritize", r.pod, fault)
			score = func(int) int { return 0 }
		}
	}()
	if r.fault != nil {
		panic(r.fault)
	}
	if r.dry {
		return e.dryScores(r)
	}
	start := time.Now()
	s := e.options.Snapshot()
	candidates, rated := candidatesOf(r, s)
	judged := e.judgedOf(r, s)
	demand, verdict := judged.demand, judged.verdict
	// Only a cache that follows an API server gets to see what became of a pod.
	follows := e.options.PlacementWait > 0 && delays(demand)
	var expected []placement.Expected
	if follows {
		expected = e.expectations.others(r.pod.Key())
	}
	scores := e.options.Engine.Score(s, verdict, candidates, expected...)
	var best topology.NodeSet
	if follows {
		best = topology.NewNodeSet(s.NumNodes())
	}
	highest := 0
	for i, node := range rated {
		if node < 0 {
			rated[i] = 0
			continue
		}
		rated[i] = scores.Node(node)
		if !follows {
			continue
		}
		if rated[i] > highest {
			best.Clear()
			highest = rated[i]
		}
		if rated[i] == highest {
			best.Add(node)
		}
	}
	if follows {
		e.expectations.add(r.pod.Key(), placement.Expect(s, verdict, best))
		if i := slices.Index(rated, highest); r.group != (group{}) && i >= 0 {
			e.placements.pin(r.pod.Key(), string(r.nodes[i].name()))
		}
	}
	score = func(i int) int { return rated[i] }
	e.keepPrioritized(r, verdict, score, start)
	return score
}

// candidatesOf are the candidates that the snapshot knows, and the index of each; negative for one that it does not.
func candidatesOf(r *request, s *topology.Snapshot) (candidates topology.NodeSet, at []int) {
	candidates, at = topology.NewNodeSet(s.NumNodes()), make([]int, len(r.nodes))
	for i := range r.nodes {
		node, known := s.NodeIndexOf(r.nodes[i].name())
		if at[i] = node; known {
			candidates.Add(node)
		} else {
			at[i] = -1
		}
	}
	return candidates, at
}

// judgedOf is what filter has just found of the pod, or else what the engine finds.
func (e *Extender) judgedOf(r *request, s *topology.Snapshot) *judged {
	if j := e.judged.of(r.pod.UID, s); j != nil {
		return j
	}
	demand := placement.NewDemand(s, r.pod)
	return &judged{r.pod.UID, s, demand, e.options.Engine.Filter(s, demand)}
}
