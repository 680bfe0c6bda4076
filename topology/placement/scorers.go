// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"math"
	"time"

	"github.com/moorage-k8s/moorage/topology"
)

// scorer rates nodes. Its run returns, for one pod, a rate for each node of the snapshot from 0 (worst) to 1 (best), or nil
// where it has nothing to say for the pod; its weight then drops out. Only the rates of scoring.among are looked at.
type scorer struct {
	name   string
	weight int
	run    func(q *scoring) []float32
	// policies reports whether the scorer has a policy, and a preference of existing volumes.
	policies bool
}

// The names of the scorers, for configuration and explanations.
const (
	ProvisioningMemory = "ProvisioningMemory"
	Attached           = "Attached"
	ReplicaLocality    = "ReplicaLocality"
	ZoneBalance        = "ZoneBalance"
	ZoneHeadroom       = "ZoneHeadroom"
	PoolFit            = "PoolFit"
	AttachSlots        = "AttachSlots"
)

// scorers are all there are, with their default weights; docs/scheduling.md says why these. The heaviest come first.
var scorers = []scorer{
	{ProvisioningMemory, 8, provisioningMemory, false},
	{Attached, 4, attachedTo, false},
	{ReplicaLocality, 3, replicaLocality, false},
	{ZoneBalance, 3, zoneBalance, false},
	{ZoneHeadroom, 2, zoneHeadroom, false},
	{PoolFit, 2, poolFit, true},
	{AttachSlots, 1, freeSlots, false},
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
	policy   Policy
	existing Existing
}

func weighted(config map[string]ScorerConfig) []weightedScorer {
	var out []weightedScorer
	for _, s := range scorers {
		w := weightedScorer{scorer: s, policy: Spread, existing: LeastWaste}
		if c, ok := config[s.name]; ok {
			w.weight = c.Weight
			if c.Policy != "" {
				w.policy = c.Policy
			}
			if c.ExistingVolumes != "" {
				w.existing = c.ExistingVolumes
			}
		}
		if w.weight > 0 {
			out = append(out, w)
		}
	}
	return out
}

// scoring is one run of the scorers.
type scoring struct {
	s *topology.Snapshot
	v *Verdict
	// among are the nodes that are compared.
	among    topology.NodeSet
	policy   Policy
	existing Existing
	// expected are claims of other pods.
	expected []Expected
	// halfLife is the time after which a failure of provisioning counts half.
	halfLife time.Duration
	// spare is an array that a scorer has filled for nothing.
	spare []float32
}

// rates returns an array with a zero for each node.
func (q *scoring) rates() []float32 {
	if out := q.spare; out != nil {
		q.spare = nil
		clear(out)
		return out
	}
	return make([]float32, q.s.NumNodes())
}

// MaxScore is the best score; the worst is 0 (MaxExtenderPriority and MinExtenderPriority of
// k8s.io/kube-scheduler/extender/v1).
const MaxScore = 10

// flat is the difference between the best node and the worst below which a scorer is taken to rate all nodes the same: half
// a point of the score.
const flat = 0.5 / MaxScore

// Scores rates the nodes of one snapshot for one pod.
type Scores struct {
	// Names are the scorers that told nodes apart, in the order of their list.
	Names []string

	weights []float32
	parts   [][]float32
	total   float32
	// last are the nodes below all others: demoted, or refused since kube-scheduler last asked.
	last     topology.NodeSet
	demoting bool
}

// Score rates the candidates, which are compared with each other: the nodes that kube-scheduler is still considering, or all
// that are feasible.
//
// A scorer that rates all candidates the same has nothing to say, as one that abstains: added to each node's mean, its rate
// would change no order, but leave the others fewer of the points from 0 to MaxScore to tell nodes apart with. The same holds
// for differences of less than half a point: they could only tip the rounding.
//
// What is expected of other pods counts until the snapshot tells more.
func (e *Engine) Score(s *topology.Snapshot, v *Verdict, candidates topology.NodeSet, expected ...Expected) *Scores {
	out := &Scores{last: candidates.Clone()}
	out.last.AndNot(v.Feasible)
	if v.Demoted.Size() > 0 {
		out.last.Or(v.Demoted)
	}
	out.demoting = !out.last.Empty()
	q := &scoring{s: s, v: v, halfLife: e.halfLife, among: candidates.Clone(), expected: expected}
	q.among.AndNot(out.last)
	for i := range e.scorers {
		w := &e.scorers[i]
		q.policy, q.existing = w.policy, w.existing
		rates := w.run(q)
		if rates == nil {
			continue
		}
		if q.isFlat(rates) {
			q.spare = rates
			continue
		}
		out.Names = append(out.Names, w.name)
		out.weights = append(out.weights, float32(w.weight))
		out.parts = append(out.parts, rates)
		out.total += float32(w.weight)
	}
	return out
}

// isFlat reports whether the rates tell no nodes apart.
func (q *scoring) isFlat(rates []float32) bool {
	low, high := float32(1), float32(0)
	for i := range q.among.All() {
		if low, high = min(low, rates[i]), max(high, rates[i]); high-low >= flat {
			return false
		}
	}
	return true
}

// Node returns the node's score, from 0 to MaxScore. Where no scorer has anything to say, all nodes score the same. A node
// that a predicate with the mode Score would have refused has 0, as has a candidate that is not feasible by now, and then no
// other has less than 1.
func (s *Scores) Node(i int) int {
	if s.demoting && s.last.Has(i) {
		return 0
	}
	score := 0
	if s.total > 0 {
		sum := float32(0)
		for j, rates := range s.parts {
			sum += s.weights[j] * rates[i]
		}
		score = int(math.Round(float64(sum / s.total * MaxScore)))
	}
	if s.demoting {
		return max(score, 1)
	}
	return score
}

// Part returns what the scorer at index j of Names gives the node, from 0 to 1.
func (s *Scores) Part(j, node int) float64 { return float64(s.parts[j][node]) }
