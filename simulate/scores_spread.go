// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"maps"
	"math"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
)

// evenly is a constraint by which pods are spread, if it can be.
type evenly struct {
	key      string
	maxSkew  int32
	selector labels.Selector
	// text is the selector's.
	text string
}

// addSpread prefers nodes and zones with few pods alike (scoring.go in pkg/scheduler/framework/plugins/podtopologyspread): by the pod's own
// constraints with ScheduleAnyway, or where it has none at all by kube-scheduler's default ones.
func (s *scoring) addSpread() {
	constraints, all := s.evenly()
	if len(constraints) == 0 {
		return
	}
	ignored := func(node *corev1.Node) bool {
		if node == nil {
			return true
		}
		for _, c := range constraints {
			if _, ok := node.Labels[c.key]; !ok && all {
				return true
			}
		}
		return false
	}
	raw, low, high := make([]int64, len(s.sum)), int64(math.MaxInt64), int64(0)
	counts, weights := s.countAlike(constraints, ignored)
	for i := range s.candidates.All() {
		node := s.node(i)
		if ignored(node) {
			continue
		}
		sum := 0.0
		for k, c := range constraints {
			value, ok := node.Labels[c.key]
			if !ok {
				continue
			}
			alike := counts[k][value]
			if c.key == corev1.LabelHostname {
				alike = s.matching(&c, s.at[i])
			}
			sum += float64(alike)*weights[k] + float64(c.maxSkew-1)
		}
		raw[i] = int64(math.Round(sum))
		low, high = min(low, raw[i]), max(high, raw[i])
	}
	for i := range s.candidates.All() {
		switch {
		case ignored(s.node(i)):
		case high == 0:
			s.sum[i] += weightOfSpread * maxScore
		default:
			s.sum[i] += weightOfSpread * (maxScore * (high + low - raw[i]) / high)
		}
	}
}

// evenly are the constraints by which the pod is spread; all tells that a node must have the labels of each. What kube-scheduler finds by the
// pod's owner and services is taken to be its labels, without those that are the pod's own.
func (s *scoring) evenly() (out []evenly, all bool) {
	for i := range s.pod.Spec.TopologySpreadConstraints {
		c := &s.pod.Spec.TopologySpreadConstraints[i]
		// matchLabelKeys are in the selector already.
		selector, err := metav1.LabelSelectorAsSelector(c.LabelSelector)
		if c.WhenUnsatisfiable == corev1.ScheduleAnyway && err == nil {
			out = append(out, evenly{c.TopologyKey, c.MaxSkew, selector, selector.String()})
		}
	}
	if len(s.pod.Spec.TopologySpreadConstraints) > 0 {
		return out, true
	}
	own := maps.Clone(s.pod.Labels)
	delete(own, appsv1.StatefulSetPodNameLabel)
	delete(own, appsv1.PodIndexLabel)
	if len(own) == 0 {
		return nil, false
	}
	selector := labels.SelectorFromSet(own)
	text := selector.String()
	return []evenly{{corev1.LabelHostname, 3, selector, text}, {corev1.LabelTopologyZone, 5, selector, text}}, false
}

// countAlike counts the pods alike in the domains of the candidates, and weighs each constraint by how many domains it has.
func (s *scoring) countAlike(constraints []evenly, ignored func(*corev1.Node) bool) (counts []map[string]int, weights []float64) {
	nodes := 0
	for i := range s.candidates.All() {
		if !ignored(s.node(i)) {
			nodes++
		}
	}
	required := nodeaffinity.GetRequiredNodeAffinity(s.pod)
	for _, c := range constraints {
		of := map[string]int{}
		if c.key == corev1.LabelHostname {
			counts, weights = append(counts, of), append(weights, math.Log(float64(nodes+2)))
			continue
		}
		for i := range s.candidates.All() {
			if node := s.node(i); !ignored(node) {
				of[node.Labels[c.key]] = 0
			}
		}
		weights = append(weights, math.Log(float64(len(of)+2)))
		for at := range s.others.NumNodes() {
			node := s.others.Node(at)
			value := node.Labels[c.key]
			if _, counted := of[value]; !counted || ignored(node) {
				continue
			}
			if match, _ := required.Match(node); match {
				of[value] += s.matching(&c, at)
			}
		}
		counts = append(counts, of)
	}
	return counts, weights
}

// matching is how many pods alike the node has of that number among others.
func (s *scoring) matching(c *evenly, at int) int {
	return s.m.counts.matching(s.others.Node(at).Name, s.others.Pods(at), s.pod.Namespace, c.text, c.selector)
}
