// SPDX-License-Identifier: Apache-2.0

package nodeset

import (
	"slices"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
)

// Example returns labels that make a node match, besides those that it has already: the first term's, with the first of each
// requirement's values by name. ok is false where there is no such term, or it asks for what is not simply a value, such as
// the absence of a label.
func (s *Selector) Example() (example labels.Set, ok bool) {
	if s == nil || len(s.terms) == 0 {
		return nil, s == nil
	}
	example = labels.Set{}
	for i := range s.terms[0] {
		r := &s.terms[0][i]
		switch r.Operator() {
		case selection.In, selection.Equals, selection.DoubleEquals:
			values := r.ValuesUnsorted()
			slices.Sort(values)
			example[r.Key()] = values[0]
		case selection.Exists:
			if _, given := example[r.Key()]; !given {
				example[r.Key()] = ""
			}
		default:
			return nil, false
		}
	}
	return example, matchesAll(s.terms[0], example)
}
