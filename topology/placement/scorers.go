// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"math"

	"github.com/moorage-k8s/moorage/topology"
)

// scorer rates nodes. Its run returns, for one pod, the function that rates a node from 0 (worst) to 1 (best), or nil where
// it has nothing to say for the pod; its weight then drops out.
type scorer struct {
	name   string
	weight int
	run    func(q *scoring) func(node int) float64
}

// PoolFit is the scorer's name, for configuration and explanations.
const PoolFit = "PoolFit"

// scorers are all there are, with their default weights.
var scorers = []scorer{
	{PoolFit, 2, poolFit},
}

func scorerNames() []string {
	names := make([]string, len(scorers))
	for i := range scorers {
		names[i] = scorers[i].name
	}
	return names
}

type weightedScorer struct {
	scorer
	policy Policy
}

func weighted(config map[string]ScorerConfig) []weightedScorer {
	var out []weightedScorer
	for _, s := range scorers {
		w := weightedScorer{scorer: s, policy: Spread}
		if c, ok := config[s.name]; ok {
			w.weight = c.Weight
			if c.Policy != "" {
				w.policy = c.Policy
			}
		}
		if w.weight > 0 {
			out = append(out, w)
		}
	}
	return out
}

// scoring is one run of one scorer.
type scoring struct {
	s      *topology.Snapshot
	v      *Verdict
	policy Policy
}

// MaxScore is the best score; the worst is 0 (MaxExtenderPriority and MinExtenderPriority of
// k8s.io/kube-scheduler/extender/v1).
const MaxScore = 10

// Scores rates the nodes of one snapshot for one pod.
type Scores struct {
	// Names are the scorers that had something to say, in the order of their list.
	Names []string

	weights []float64
	rate    []func(node int) float64
	total   float64
	demoted topology.NodeSet
}

// Score prepares the rating of nodes for the pod of the verdict.
func (e *Engine) Score(s *topology.Snapshot, v *Verdict) *Scores {
	out := &Scores{demoted: v.Demoted}
	for i := range e.scorers {
		w := &e.scorers[i]
		rate := w.run(&scoring{s: s, v: v, policy: w.policy})
		if rate == nil {
			continue
		}
		out.Names = append(out.Names, w.name)
		out.weights = append(out.weights, float64(w.weight))
		out.rate = append(out.rate, rate)
		out.total += float64(w.weight)
	}
	return out
}

// Node returns the node's score, from 0 to MaxScore. Where no scorer has anything to say, all nodes score the same. A node
// that a predicate with the mode Score would have refused has 0, and then no other has less than 1.
func (s *Scores) Node(i int) int {
	if s.demoted.Size() > 0 && s.demoted.Has(i) {
		return 0
	}
	score := 0
	if s.total > 0 {
		sum := 0.0
		for j, rate := range s.rate {
			sum += s.weights[j] * clamp(rate(i))
		}
		score = int(math.Round(sum / s.total * MaxScore))
	}
	if s.demoted.Size() > 0 {
		return max(score, 1)
	}
	return score
}

// Part returns what the scorer at index j of Names gives the node, from 0 to 1.
func (s *Scores) Part(j, node int) float64 { return clamp(s.rate[j](node)) }

func clamp(x float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	return min(max(x, 0), 1)
}
