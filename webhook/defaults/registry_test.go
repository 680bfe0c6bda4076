// SPDX-License-Identifier: Apache-2.0

package defaults

import "testing"

// TestDuplicateDefaultPanics promises that a mistake in the registry ends the program at its start, and every test.
func TestDuplicateDefaultPanics(t *testing.T) {
	for name, all := range map[string][]Default{
		"one name twice":           {{Name: "a"}, {Name: "b"}, {Name: "a"}},
		"a default without a name": {{Name: "a"}, {}},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			inOrder(all...)
		})
	}
}
