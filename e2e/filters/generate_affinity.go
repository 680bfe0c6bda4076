// SPDX-License-Identifier: Apache-2.0

package filters

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// nodeAffinity gives the pod a nodeSelector and a node affinity, or not.
func (g *generator) nodeAffinity(p *corev1.Pod) {
	if g.chance(0.15) {
		p.Spec.NodeSelector = map[string]string{"disk": pick(g, "ssd", "hdd")}
		if g.chance(0.3) {
			p.Spec.NodeSelector["rack"] = "r1"
		}
		if g.chance(0.1) {
			p.Spec.NodeSelector = map[string]string{}
		}
	}
	if !g.chance(0.3) {
		return
	}
	if p.Spec.Affinity == nil {
		p.Spec.Affinity = &corev1.Affinity{}
	}
	selector := &corev1.NodeSelector{}
	named := g.chance(0.2)
	for range g.between(1, 2) {
		var term corev1.NodeSelectorTerm
		for g.chance(0.7) {
			term.MatchExpressions = append(term.MatchExpressions, g.requirement())
		}
		if named || g.chance(0.1) {
			name := corev1.NodeSelectorRequirement{Key: "metadata.name", Operator: corev1.NodeSelectorOpIn, Values: []string{fmt.Sprintf("node-%d", g.between(0, 9))}}
			if !named && g.chance(0.5) {
				name.Operator = corev1.NodeSelectorOpNotIn
			}
			term.MatchFields = append(term.MatchFields, name)
			if g.chance(0.2) {
				name.Values = []string{fmt.Sprintf("node-%d", g.between(0, 9))}
				term.MatchFields = append(term.MatchFields, name)
			}
		}
		selector.NodeSelectorTerms = append(selector.NodeSelectorTerms, term)
	}
	p.Spec.Affinity.NodeAffinity = &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: selector}
}

func (g *generator) requirement() corev1.NodeSelectorRequirement {
	if g.chance(g.dials.unreadable) {
		return corev1.NodeSelectorRequirement{Key: "disk", Operator: "Near"}
	}
	switch g.rng.IntN(6) {
	case 0:
		return corev1.NodeSelectorRequirement{Key: "disk", Operator: corev1.NodeSelectorOpNotIn, Values: []string{pick(g, "ssd", "hdd")}}
	case 1:
		return corev1.NodeSelectorRequirement{Key: pick(g, keys...), Operator: corev1.NodeSelectorOpExists}
	case 2:
		return corev1.NodeSelectorRequirement{Key: pick(g, keys...), Operator: corev1.NodeSelectorOpDoesNotExist}
	case 3:
		return corev1.NodeSelectorRequirement{Key: "cores", Operator: pick(g, corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt), Values: []string{"6"}}
	default:
		return corev1.NodeSelectorRequirement{Key: corev1.LabelTopologyZone, Operator: corev1.NodeSelectorOpIn, Values: []string{pick(g, zones...), pick(g, zones...)}}
	}
}

// selector selects pods by their labels.
func (g *generator) selector() *metav1.LabelSelector {
	switch g.rng.IntN(12) {
	case 0:
		return nil
	case 1:
		return &metav1.LabelSelector{}
	case 2:
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"x"}}}}
	case 3:
		return &metav1.LabelSelector{MatchLabels: map[string]string{"app": pick(g, "x", "y"), "tier": "t1"}}
	case 4:
		if g.chance(g.dials.unreadable) {
			return g.unreadable()
		}
		fallthrough
	default:
		return &metav1.LabelSelector{MatchLabels: map[string]string{"app": pick(g, "x", "y", "z")}}
	}
}

func (g *generator) unreadable() *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: "Near"}}}
}

// terms are required terms of a pod affinity or anti-affinity.
func (g *generator) terms(p *corev1.Pod) []corev1.PodAffinityTerm {
	var terms []corev1.PodAffinityTerm
	for range g.between(1, 2) {
		t := corev1.PodAffinityTerm{TopologyKey: pick(g, keys...), LabelSelector: g.selector()}
		if g.chance(0.3) && p.Labels["app"] != "" {
			t.LabelSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": p.Labels["app"]}}
		}
		if g.chance(0.2) {
			t.Namespaces = []string{pick(g, append(namespaces, ghost)...)}
		}
		if g.chance(0.3) {
			t.NamespaceSelector = &metav1.LabelSelector{}
			switch g.rng.IntN(3) {
			case 0:
				t.NamespaceSelector.MatchLabels = map[string]string{"team": pick(g, "red", "blue")}
			case 1:
				t.NamespaceSelector.MatchExpressions = []metav1.LabelSelectorRequirement{{Key: "team", Operator: metav1.LabelSelectorOpDoesNotExist}}
			}
		}
		terms = append(terms, t)
	}
	return terms
}

func (g *generator) spread() []corev1.TopologySpreadConstraint {
	var out []corev1.TopologySpreadConstraint
	for range g.between(1, 2) {
		c := corev1.TopologySpreadConstraint{
			MaxSkew: int32(g.between(1, 2)), TopologyKey: pick(g, keys...), LabelSelector: g.selector(),
			WhenUnsatisfiable: pick(g, corev1.DoNotSchedule, corev1.DoNotSchedule, corev1.DoNotSchedule, corev1.ScheduleAnyway),
		}
		if g.chance(0.3) {
			c.MinDomains = new(int32(g.between(1, 4)))
		}
		if g.chance(0.4) {
			c.NodeAffinityPolicy = new(pick(g, corev1.NodeInclusionPolicyHonor, corev1.NodeInclusionPolicyIgnore))
		}
		if g.chance(0.4) {
			c.NodeTaintsPolicy = new(pick(g, corev1.NodeInclusionPolicyHonor, corev1.NodeInclusionPolicyIgnore))
		}
		if g.chance(0.3) {
			c.MatchLabelKeys = []string{pick(g, "version", "tier", "absent")}
		}
		out = append(out, c)
	}
	return out
}
