// SPDX-License-Identifier: Apache-2.0

package nodefit

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// term is a required term of a pod affinity or anti-affinity, read.
type term struct {
	topologyKey string
	selector    labels.Selector
	namespaces  []string
	// within are the labels of further namespaces.
	within labels.Selector
}

// readTerms reads the terms of a pod of that namespace.
func readTerms(namespace string, terms []corev1.PodAffinityTerm) ([]term, error) {
	out := make([]term, 0, len(terms))
	for i := range terms {
		t := &terms[i]
		selector, err := metav1.LabelSelectorAsSelector(t.LabelSelector)
		if err != nil {
			return nil, err
		}
		within, err := metav1.LabelSelectorAsSelector(t.NamespaceSelector)
		if err != nil {
			return nil, err
		}
		namespaces := t.Namespaces
		if len(namespaces) == 0 && t.NamespaceSelector == nil {
			namespaces = []string{namespace}
		}
		out = append(out, term{t.TopologyKey, selector, namespaces, within})
	}
	return out, nil
}

// names reports whether the term means pods of that namespace, which has these labels.
func (t *term) names(namespace string, has labels.Set) bool {
	return slices.Contains(t.namespaces, namespace) || t.within.Matches(has)
}

// asksForNamespaces reports whether the labels of namespaces decide what the term means.
func (t term) asksForNamespaces() bool {
	requirements, selectable := t.within.Requirements()
	return selectable && len(requirements) > 0
}
