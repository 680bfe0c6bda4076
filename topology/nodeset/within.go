// SPDX-License-Identifier: Apache-2.0

package nodeset

import (
	"slices"

	"k8s.io/apimachinery/pkg/labels"
)

// Within returns what is left of the selector by the terms that ask about none but the keys: the selector itself where these are all of
// them, and one that matches no node where there are none.
func (s *Selector) Within(keys []string) *Selector {
	if s == nil {
		return nil
	}
	outside := func(term []labels.Requirement) bool {
		return slices.ContainsFunc(term, func(r labels.Requirement) bool { return !slices.Contains(keys, r.Key()) })
	}
	if !slices.ContainsFunc(s.terms, outside) {
		return s
	}
	out := &Selector{terms: slices.DeleteFunc(slices.Clone(s.terms), outside), err: s.err}
	return out.sealed()
}
