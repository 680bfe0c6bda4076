// SPDX-License-Identifier: Apache-2.0

package text

import (
	"fmt"
	"strings"
)

// Count puts a number before a noun: '1 node', '3 nodes'.
func Count(n int, noun string) string { return fmt.Sprintf("%d %s", n, Plural(n, noun)) }

// Plural is a noun as it stands after a number. Nouns are the words that moorage uses, and the kinds of Kubernetes.
func Plural(n int, noun string) string {
	switch {
	case n == 1:
		return noun
	case strings.HasSuffix(noun, "Class"):
		return noun + "es"
	case strings.HasSuffix(noun, "Capacity"):
		return strings.TrimSuffix(noun, "y") + "ies"
	default:
		return noun + "s"
	}
}
