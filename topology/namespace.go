// SPDX-License-Identifier: Apache-2.0

package topology

import (
	corev1 "k8s.io/api/core/v1"
)

// Namespace is a trimmed Namespace. Immutable.
type Namespace struct {
	Name string
	// Labels include the one that is its name, which the API server adds and a manifest need not have.
	Labels map[string]string
}

func namespaceFromAPI(n *corev1.Namespace) *Namespace {
	out := &Namespace{Name: shared(n.Name), Labels: make(map[string]string, len(n.Labels)+1)}
	for key, value := range n.Labels {
		out.Labels[shared(key)] = shared(value)
	}
	out.Labels[corev1.LabelMetadataName] = out.Name
	return out
}

// NamespaceLabels returns the labels of a namespace, that of its name included, and whether it is known.
func (s *Snapshot) NamespaceLabels(name string) (labels map[string]string, known bool) {
	n, known := s.namespaces.Get(Key{Name: name})
	if !known {
		return nil, false
	}
	return n.Labels, true
}
