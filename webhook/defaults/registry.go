// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	"fmt"
	"slices"
)

// registry is every default, in the order in which they are applied; each row stands beside its function.
var registry = inOrder(
	classFromBetaAnnotationDefault, gaTopologyKeysDefault, waitForFirstConsumerDefault, secretMode0440Default,
	nodeNameToAffinityDefault, schedulerNameDefault, volumesResourceDefault,
)

// inOrder returns the defaults. Two of one name, or one without any, are a mistake in the program: it panics.
func inOrder(all ...Default) []Default {
	seen := make(map[string]bool, len(all))
	for i := range all {
		name := all[i].Name
		if name == "" || seen[name] {
			panic(fmt.Sprintf("default %q is registered twice or has no name", name))
		}
		seen[name] = true
	}
	return all
}

// Registry returns a copy of every default in its order.
func Registry() []Default { return slices.Clone(registry) }

// Names returns the name of every default in the registry's order.
func Names() []string {
	names := make([]string, len(registry))
	for i := range registry {
		names[i] = registry[i].Name
	}
	return names
}
