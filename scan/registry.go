// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"fmt"
	"slices"
)

// registry is every kind, in the order in which they are asked: a kind that explains what hurts comes before those that would tell of the hurt.
var registry = inOrder(dataAtRisk, roots, stuck, willStick, upgrades, waste, unwise)

// inOrder joins families. Two kinds of one ID, or one without any, are a mistake in the program: it panics.
func inOrder(families ...[]Kind) []Kind {
	all := slices.Concat(families...)
	seen := make(map[string]bool, len(all))
	for i := range all {
		id := all[i].ID
		if id == "" || seen[id] || !slices.Contains(Sections, all[i].Section) || all[i].Find == nil {
			panic(fmt.Sprintf("kind %q is registered twice, or is not whole", id))
		}
		seen[id] = true
	}
	return all
}

// Registry returns a copy of every kind, section by section.
func Registry() []Kind {
	out := slices.Clone(registry)
	slices.SortStableFunc(out, func(a, b Kind) int { return slices.Index(Sections, a.Section) - slices.Index(Sections, b.Section) })
	return out
}
