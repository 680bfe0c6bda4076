// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/moorage-k8s/moorage/topology"
)

// NamespaceSelector selects namespaces by their labels. The zero value selects none. Immutable.
type NamespaceSelector struct {
	selector labels.Selector
	// byName says that it asks for nothing but the label that is the namespace's name.
	byName bool
}

// NewNamespaceSelector reads a label selector; an empty one selects every namespace whose labels are known.
func NewNamespaceSelector(s *metav1.LabelSelector) (NamespaceSelector, error) {
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		return NamespaceSelector{}, fmt.Errorf("read the namespace selector: %w", err)
	}
	out := NamespaceSelector{selector: selector, byName: true}
	if requirements, _ := selector.Requirements(); len(requirements) == 0 {
		out.byName = false
	} else {
		for _, r := range requirements {
			out.byName = out.byName && r.Key() == corev1.LabelMetadataName
		}
	}
	return out, nil
}

// NeedsLabels reports whether the selector can only be asked of namespaces whose labels are known, rather than their names.
func (s NamespaceSelector) NeedsLabels() bool { return s.selector != nil && !s.byName }

// Matches reports whether the namespace is selected. One that the lookup does not know is not: what its labels do not say must
// not be taken for what they say.
func (s NamespaceSelector) Matches(lookup *topology.Snapshot, namespace string) bool {
	switch {
	case s.selector == nil || namespace == "":
		return false
	case s.byName:
		return s.selector.Matches(labels.Set{corev1.LabelMetadataName: namespace})
	case lookup == nil:
		return false
	}
	of, known := lookup.NamespaceLabels(namespace)
	return known && s.selector.Matches(labels.Set(of))
}
