// SPDX-License-Identifier: Apache-2.0

package placement

// PredicateNames are the names that Config.Predicates takes.
func PredicateNames() []string { return configurablePredicates() }

// ScorerNames are the names that Config.Scorers takes, the heaviest first.
func ScorerNames() []string { return scorerNames() }

// Modes are what a predicate can be set to.
func Modes() []Mode { return []Mode{Enforce, Score, Off} }

// DefaultWeight is a scorer's weight where nothing is configured.
func DefaultWeight(scorer string) int {
	for i := range scorers {
		if scorers[i].name == scorer {
			return scorers[i].weight
		}
	}
	return 0
}
