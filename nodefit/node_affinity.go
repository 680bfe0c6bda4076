// SPDX-License-Identifier: Apache-2.0

package nodefit

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"github.com/moorage-k8s/moorage/internal/upstream"
)

// nodeAffinity rejects nodes that the pod's nodeSelector or its required node affinity does not match.
func nodeAffinity(q *query) (ruling, error) {
	if q.pod.Spec.NodeSelector == nil && requiredNodeAffinity(q.pod) == nil {
		return nil, nil
	}
	return &wantedNodes{pod: q.pod, required: nodeaffinity.GetRequiredNodeAffinity(q.pod)}, nil
}

// requiredNodeAffinity is the pod's; nil where it has none.
func requiredNodeAffinity(pod *corev1.Pod) *corev1.NodeSelector {
	if a := pod.Spec.Affinity; a != nil && a.NodeAffinity != nil {
		return a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	}
	return nil
}

type wantedNodes struct {
	pod      *corev1.Pod
	required nodeaffinity.RequiredNodeAffinity
}

func (w *wantedNodes) causes(at place, report func(Cause)) {
	if !matches(w.required, at.object) {
		report(Cause{Text: upstream.NodeAffinity, Unresolvable: true})
	}
}

// matches ignores terms that cannot be read, as kube-scheduler does: they match no node.
func matches(required nodeaffinity.RequiredNodeAffinity, node *corev1.Node) bool {
	match, _ := required.Match(node)
	return match
}

func (w *wantedNodes) because(at place, _ Cause) (out Evidence) {
	for name, value := range w.pod.Spec.NodeSelector {
		if has, ok := at.object.Labels[name]; !ok || has != value {
			if out.Selector == nil {
				out.Selector = map[string]string{}
			}
			out.Selector[name] = value
		}
	}
	required := requiredNodeAffinity(w.pod)
	if required == nil || meets(required.NodeSelectorTerms, at.object) {
		return out
	}
	for i := range required.NodeSelectorTerms {
		term := &required.NodeSelectorTerms[i]
		unmet := Term{Number: i}
		if _, err := nodeaffinity.NewNodeSelector(&corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{*term}}); err != nil {
			unmet.Fault = err.Error()
			out.Terms = append(out.Terms, unmet)
			continue
		}
		for _, r := range term.MatchExpressions {
			if !meets([]corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{r}}}, at.object) {
				unmet.Expressions = append(unmet.Expressions, r)
			}
		}
		for _, r := range term.MatchFields {
			if !meets([]corev1.NodeSelectorTerm{{MatchFields: []corev1.NodeSelectorRequirement{r}}}, at.object) {
				unmet.Fields = append(unmet.Fields, r)
			}
		}
		out.Terms = append(out.Terms, unmet)
	}
	return out
}

// meets reports whether the node meets one of the terms.
func meets(terms []corev1.NodeSelectorTerm, node *corev1.Node) bool {
	match, _ := nodeaffinity.NewLazyErrorNodeSelector(&corev1.NodeSelector{NodeSelectorTerms: terms}).Match(node)
	return match
}
