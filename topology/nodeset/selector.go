// SPDX-License-Identifier: Apache-2.0

package nodeset

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
)

// Selector is a compiled condition on a node's labels: terms that are ORed, each of requirements that are ANDed. It stands
// for what volumes, classes and pools say about nodes; Index.Match gives the nodes that it matches. A nil Selector is no
// condition: every node matches. Selectors are immutable; a Pool makes those that say the same one.
type Selector struct {
	key   string
	terms [][]labels.Requirement
	err   error

	// What follows is remembered for who asks again, and goes with the selector; it changes no answer.
	compiled atomic.Pointer[compiled]
	touched  atomic.Pointer[touchedGroups]
}

// Err is the first error found in a term. Such a term cannot be decided: Index.Match reports every node that no other
// term matches as matching, since to rule out a node for what cannot be read would strand pods.
func (s *Selector) Err() error {
	if s == nil {
		return nil
	}
	return s.err
}

// Key is the same for two selectors that match the same nodes.
func (s *Selector) Key() string { return s.key }

// String is the condition in the syntax of label selectors, terms joined by ' or '.
func (s *Selector) String() string {
	switch {
	case s == nil:
		return "any node"
	case len(s.terms) == 0 && s.err == nil:
		return "no node"
	case s.key == "":
		return "any node"
	default:
		return s.key
	}
}

// Keys returns the label keys that the selector asks about, sorted, each once.
func (s *Selector) Keys() []string {
	if s == nil {
		return nil
	}
	var keys []string
	for _, term := range s.terms {
		for i := range term {
			keys = append(keys, term[i].Key())
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// Matches asks the selector about one set of labels. It is the plain definition, which the compiled sets are tested
// against; decided is false where only an unreadable term could still have matched.
func (s *Selector) Matches(set labels.Set) (matches, decided bool) {
	if s == nil {
		return true, true
	}
	for _, term := range s.terms {
		if matchesAll(term, set) {
			return true, true
		}
	}
	return s.err != nil, s.err == nil
}

func matchesAll(term []labels.Requirement, set labels.Set) bool {
	for i := range term {
		if !term[i].Matches(set) {
			return false
		}
	}
	return true
}

// VolumeAffinity compiles a volume's node affinity as CheckNodeAffinity of k8s.io/component-helpers/storage/volume reads
// it: against labels only. matchFields is ignored, so a term that has nothing else matches every node; a required
// affinity without terms, or a term without anything, matches none.
func VolumeAffinity(affinity *corev1.VolumeNodeAffinity) *Selector {
	if affinity == nil || affinity.Required == nil {
		return nil
	}
	s := &Selector{}
	for i := range affinity.Required.NodeSelectorTerms {
		term := &affinity.Required.NodeSelectorTerms[i]
		if len(term.MatchExpressions) == 0 && len(term.MatchFields) == 0 {
			continue
		}
		requirements, err := nodeSelectorRequirements(term)
		s.add(requirements, err)
	}
	return s.sealed()
}

var nodeSelectorOperators = map[corev1.NodeSelectorOperator]selection.Operator{
	corev1.NodeSelectorOpIn:           selection.In,
	corev1.NodeSelectorOpNotIn:        selection.NotIn,
	corev1.NodeSelectorOpExists:       selection.Exists,
	corev1.NodeSelectorOpDoesNotExist: selection.DoesNotExist,
	corev1.NodeSelectorOpGt:           selection.GreaterThan,
	corev1.NodeSelectorOpLt:           selection.LessThan,
}

func nodeSelectorRequirements(term *corev1.NodeSelectorTerm) ([]labels.Requirement, error) {
	requirements := make([]labels.Requirement, 0, len(term.MatchExpressions))
	for _, e := range term.MatchExpressions {
		op, ok := nodeSelectorOperators[e.Operator]
		if !ok {
			return nil, fmt.Errorf("matchExpressions: unknown operator %q for key %q", e.Operator, e.Key)
		}
		r, err := labels.NewRequirement(e.Key, op, e.Values)
		if err != nil {
			return nil, fmt.Errorf("matchExpressions: %w", err)
		}
		requirements = append(requirements, *r)
	}
	for _, f := range term.MatchFields {
		if f.Operator != corev1.NodeSelectorOpIn && f.Operator != corev1.NodeSelectorOpNotIn {
			return nil, fmt.Errorf("matchFields: unknown operator %q for field %q", f.Operator, f.Key)
		}
		if len(f.Values) != 1 {
			return nil, fmt.Errorf("matchFields: field %q needs one value, has %d", f.Key, len(f.Values))
		}
	}
	return requirements, nil
}

// AllowedTopologies compiles a class's allowedTopologies as MatchTopologySelectorTerms of kube-scheduler reads them: no
// terms allow every node, a term without expressions none, and a term that cannot be read none.
func AllowedTopologies(terms []corev1.TopologySelectorTerm) *Selector {
	if len(terms) == 0 {
		return nil
	}
	s := &Selector{}
	for _, term := range terms {
		if len(term.MatchLabelExpressions) == 0 {
			continue
		}
		requirements := make([]labels.Requirement, 0, len(term.MatchLabelExpressions))
		for _, e := range term.MatchLabelExpressions {
			r, err := labels.NewRequirement(e.Key, selection.In, e.Values)
			if err != nil {
				requirements = nil
				break
			}
			requirements = append(requirements, *r)
		}
		if requirements != nil {
			s.add(requirements, nil)
		}
	}
	return s.sealed()
}

// PoolTopology compiles the nodeTopology of a CSIStorageCapacity: none at all reaches no node, an empty one every node.
func PoolTopology(selector *metav1.LabelSelector) *Selector {
	s := &Selector{}
	if selector != nil {
		parsed, err := metav1.LabelSelectorAsSelector(selector)
		if err != nil {
			s.add(nil, err)
		} else {
			requirements, _ := parsed.Requirements()
			s.add(requirements, nil)
		}
	}
	return s.sealed()
}

func (s *Selector) add(term []labels.Requirement, err error) {
	switch {
	case err == nil:
		s.terms = append(s.terms, term)
	case s.err == nil:
		s.err = err
	}
}

// sealed gives the selector its key: two selectors with the same key match the same nodes.
func (s *Selector) sealed() *Selector {
	parts := make([]string, 0, len(s.terms)+1)
	for _, term := range s.terms {
		requirements := make([]string, len(term))
		for i := range term {
			requirements[i] = term[i].String()
		}
		parts = append(parts, strings.Join(requirements, ","))
	}
	if s.err != nil {
		parts = append(parts, "unreadable: "+s.err.Error())
	}
	s.key = strings.Join(parts, " or ")
	if len(s.terms) == 0 && s.err == nil {
		s.key = "\x00none"
	}
	return s
}
