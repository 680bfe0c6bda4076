// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	schedulinghelpers "k8s.io/component-helpers/scheduling/corev1"

	"github.com/moorage-k8s/moorage/nodefit"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// The scores that are modelled are those of kube-scheduler's default profile with their default weights
// (pkg/scheduler/apis/config/v1/default_plugins.go), and moorage's with the weight that its chart gives it.
var (
	// Modelled are the scores that are.
	Modelled = []string{
		"moorage", "NodeResourcesFit (LeastAllocated)", "NodeResourcesBalancedAllocation", "PodTopologySpread (ScheduleAnyway and its defaults)",
		"TaintToleration (PreferNoSchedule)", "NodeAffinity (preferred)",
	}
	// NotModelled are those that are not.
	NotModelled = []string{"InterPodAffinity (preferred)", "ImageLocality"}
)

const (
	weightOfMoorage  = 2 * maxScore / placement.MaxScore
	weightOfTaints   = 3
	weightOfAffinity = 2
	weightOfRoom     = 1
	weightOfBalance  = 1
	weightOfSpread   = 2

	maxScore = 100
)

// scoring rates the candidates for one pod.
type scoring struct {
	m          *simulation
	pod        *corev1.Pod
	others     *nodefit.Cluster
	candidates topology.NodeSet
	// at is the number of each candidate among the nodes of others; negative for one that it does not have.
	at []int
	// sum is the sum so far, by node.
	sum []int64
}

// score returns how kube-scheduler rates a candidate, as far as it is modelled; where only volumes are known, how moorage does.
func (m *simulation) score(p *planned, v *verdict) func(i int) int64 {
	moorage := m.Engine.Score(m.s, v.volumes, v.candidates)
	if v.answer == nil {
		return func(i int) int64 { return int64(moorage.Node(i)) }
	}
	s := &scoring{m: m, pod: p.pod, others: v.others, candidates: v.candidates, at: make([]int, m.s.NumNodes()), sum: make([]int64, m.s.NumNodes())}
	for i := range v.candidates.All() {
		s.at[i] = -1
		if at, ok := v.others.NodeIndex(m.s.Node(i).Name); ok {
			s.at[i] = at
		}
		s.sum[i] = weightOfMoorage * int64(moorage.Node(i))
	}
	s.addRoom()
	s.addSpread()
	s.addTaints()
	s.addAffinity()
	return func(i int) int64 { return s.sum[i] }
}

// node is a candidate's object; nil where others does not have it.
func (s *scoring) node(i int) *corev1.Node {
	if s.at[i] < 0 {
		return nil
	}
	return s.others.Node(s.at[i])
}

// addTaints counts the taints with effect PreferNoSchedule that the pod does not tolerate, the fewest best.
func (s *scoring) addTaints() {
	s.normalized(weightOfTaints, true, func(node *corev1.Node) int64 {
		n := int64(0)
		for t := range node.Spec.Taints {
			taint := &node.Spec.Taints[t]
			if taint.Effect == corev1.TaintEffectPreferNoSchedule && !schedulinghelpers.TolerationsTolerateTaint(logr.Discard(), s.pod.Spec.Tolerations, taint, true) {
				n++
			}
		}
		return n
	})
}

// addAffinity adds the weights of the preferred node affinity terms that a node meets.
func (s *scoring) addAffinity() {
	a := s.pod.Spec.Affinity
	if a == nil || a.NodeAffinity == nil || len(a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution) == 0 {
		return
	}
	terms, err := nodeaffinity.NewPreferredSchedulingTerms(a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
	if err != nil {
		return
	}
	s.normalized(weightOfAffinity, false, terms.Score)
}

// normalized adds a count, of which the highest is worth the most, or the least where it is reversed (DefaultNormalizeScore).
func (s *scoring) normalized(weight int64, reverse bool, of func(*corev1.Node) int64) {
	counts, most := make([]int64, len(s.sum)), int64(0)
	for i := range s.candidates.All() {
		if node := s.node(i); node != nil {
			counts[i] = of(node)
			most = max(most, counts[i])
		}
	}
	if most == 0 {
		return
	}
	for i := range s.candidates.All() {
		score := maxScore * counts[i] / most
		if reverse {
			score = maxScore - score
		}
		s.sum[i] += weight * score
	}
}
