// SPDX-License-Identifier: Apache-2.0

package topology

import "unique"

// shared returns one copy of a string that many objects hold (a driver, a class, a label), so that a hundred thousand
// volumes of one class keep its name once.
func shared(s string) string {
	if s == "" {
		return ""
	}
	return unique.Make(s).Value()
}
