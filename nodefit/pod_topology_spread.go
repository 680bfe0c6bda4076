// SPDX-License-Identifier: Apache-2.0

package nodefit

import (
	"fmt"
	"math"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"github.com/moorage-k8s/moorage/internal/upstream"
)

// podTopologySpread rejects nodes where the pod would make a topology spread constraint with DoNotSchedule too uneven. kube-scheduler's
// default constraints are ScheduleAnyway, and reject nothing.
func podTopologySpread(q *query) (ruling, error) {
	s := &spreading{q: q, required: nodeaffinity.GetRequiredNodeAffinity(q.pod)}
	for i := range q.pod.Spec.TopologySpreadConstraints {
		constraint := &q.pod.Spec.TopologySpreadConstraints[i]
		if constraint.WhenUnsatisfiable != corev1.DoNotSchedule {
			continue
		}
		selector, err := spreadSelector(constraint, q.pod.Labels)
		if err != nil {
			return nil, fmt.Errorf("read topologySpreadConstraints[%d]: %w", i, err)
		}
		s.constraints = append(s.constraints, newSpreadCount(i, constraint, selector, q.pod.Labels))
	}
	if len(s.constraints) == 0 {
		return nil, nil
	}
	s.count()
	return s, nil
}

// spreadSelector is the constraint's selector of pods, and the pod's own values of its matchLabelKeys. A selector of nothing stays so.
func spreadSelector(c *corev1.TopologySpreadConstraint, own labels.Set) (labels.Selector, error) {
	selector, err := metav1.LabelSelectorAsSelector(c.LabelSelector)
	if err != nil {
		return nil, err
	}
	same := labels.Set{}
	for _, name := range c.MatchLabelKeys {
		if value, ok := own[name]; ok {
			same[name] = value
		}
	}
	requirements, selectable := selector.Requirements()
	if len(same) == 0 || !selectable {
		return selector, nil
	}
	return labels.SelectorFromSet(same).Add(requirements...), nil
}

// spreading is the constraints of a pod, counted.
type spreading struct {
	q           *query
	required    nodeaffinity.RequiredNodeAffinity
	constraints []*spreadCount
}

// spreadCount is the matching pods of one constraint, by domain.
type spreadCount struct {
	number     int
	constraint *corev1.TopologySpreadConstraint
	selector   labels.Selector
	minDomains int
	// byAffinity and byTaints leave nodes out that the pod's node affinity does not match, or whose taints it does not tolerate.
	byAffinity, byTaints bool
	// self is 1 where the pod is one of those that are counted.
	self int

	domains map[string]int
	// least and second are the smallest counts of two domains, and least is the count of leastIn.
	least, second int
	leastIn       string
}

func newSpreadCount(number int, c *corev1.TopologySpreadConstraint, selector labels.Selector, own labels.Set) *spreadCount {
	out := &spreadCount{
		number: number, constraint: c, selector: selector, minDomains: 1, byAffinity: true,
		domains: map[string]int{}, least: math.MaxInt32, second: math.MaxInt32,
	}
	if c.MinDomains != nil {
		out.minDomains = int(*c.MinDomains)
	}
	if c.NodeAffinityPolicy != nil {
		out.byAffinity = *c.NodeAffinityPolicy == corev1.NodeInclusionPolicyHonor
	}
	if c.NodeTaintsPolicy != nil {
		out.byTaints = *c.NodeTaintsPolicy == corev1.NodeInclusionPolicyHonor
	}
	if selector.Matches(own) {
		out.self = 1
	}
	return out
}

// count counts the pods on all nodes that count.
func (s *spreading) count() {
	for _, n := range s.q.c.nodes {
		if !s.labelled(n.object) {
			continue
		}
		affine, tolerated := s.inclusion(n.object)
		for _, c := range s.constraints {
			if c.includes(affine, tolerated) {
				c.domains[n.object.Labels[c.constraint.TopologyKey]] += c.matching(n.pods, s.q.pod.Namespace)
			}
		}
	}
	for _, c := range s.constraints {
		for domain, pods := range c.domains {
			switch {
			case pods < c.least:
				c.least, c.second, c.leastIn = pods, c.least, domain
			case pods < c.second:
				c.second = pods
			}
		}
	}
}

// labelled reports whether the node has the topology keys of all constraints; others count for none.
func (s *spreading) labelled(node *corev1.Node) bool {
	for _, c := range s.constraints {
		if _, ok := node.Labels[c.constraint.TopologyKey]; !ok {
			return false
		}
	}
	return true
}

// inclusion reports whether the pod's node affinity matches the node, and whether the pod tolerates its taints.
func (s *spreading) inclusion(node *corev1.Node) (affine, tolerated bool) {
	affine, tolerated = matches(s.required, node), true
	for i := range node.Spec.Taints {
		if taint := &node.Spec.Taints[i]; keepsAway(taint) && !tolerates(s.q.pod, taint) {
			tolerated = false
		}
	}
	return affine, tolerated
}

func (c *spreadCount) includes(affine, tolerated bool) bool {
	return (affine || !c.byAffinity) && (tolerated || !c.byTaints)
}

// matching is how many of the pods count. A selector of everything counts none: kube-scheduler has it so.
func (c *spreadCount) matching(pods []*Pod, namespace string) int {
	if c.selector.Empty() {
		return 0
	}
	n := 0
	for _, p := range pods {
		if p.Namespace == namespace && !p.Deleting && c.selector.Matches(labels.Set(p.Labels)) {
			n++
		}
	}
	return n
}

func (s *spreading) causes(at place, report func(Cause)) {
	var more []int
	if len(at.expected) > 0 {
		more = s.expected(at)
	}
	for i, c := range s.constraints {
		domain, ok := at.object.Labels[c.constraint.TopologyKey]
		if !ok {
			report(Cause{Text: upstream.Spread + upstream.SpreadMissingLabel, Unresolvable: true, Constraint: c.number})
			continue
		}
		pods, least := c.on(domain, more, i)
		if pods+c.self-least > int(c.constraint.MaxSkew) {
			report(Cause{Text: upstream.Spread, Constraint: c.number})
		}
	}
}

// on is how many pods the domain has, and the domain with fewest, with the pods that are nominated for the node.
func (c *spreadCount) on(domain string, more []int, i int) (pods, least int) {
	pods, least = c.domains[domain], c.least
	if len(more) > i && more[i] > 0 {
		pods += more[i]
		if domain == c.leastIn {
			least = min(pods, c.second)
		}
	}
	if len(c.domains) < c.minDomains {
		least = 0
	}
	return pods, least
}

// expected counts, for each constraint, the nominated pods of a node. Unlike pods that are there, they count with any selector and while they
// are being deleted (updateWithPod in pkg/scheduler/framework/plugins/podtopologyspread).
func (s *spreading) expected(at place) []int {
	out := make([]int, len(s.constraints))
	if !s.labelled(at.object) {
		return out
	}
	affine, tolerated := s.inclusion(at.object)
	for i, c := range s.constraints {
		if !c.includes(affine, tolerated) {
			continue
		}
		for _, p := range at.expected {
			if p.Namespace == s.q.pod.Namespace && c.selector.Matches(labels.Set(p.Labels)) {
				out[i]++
			}
		}
	}
	return out
}

func (s *spreading) because(at place, why Cause) Evidence {
	for i, c := range s.constraints {
		if c.number != why.Constraint {
			continue
		}
		spread := &Spread{Constraint: *c.constraint}
		domain, ok := at.object.Labels[c.constraint.TopologyKey]
		if !ok {
			spread.Missing = true
			return Evidence{Spread: spread}
		}
		spread.Domain, spread.Self, spread.Domains = domain, c.self, len(c.domains)
		spread.Pods, spread.Least = c.on(domain, s.expected(at), i)
		return Evidence{Spread: spread}
	}
	return Evidence{}
}
