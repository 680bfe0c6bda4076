// SPDX-License-Identifier: Apache-2.0

package text

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// And joins names: 'a, b and c'.
func And(names []string) string { return joined(names, "and") }

// Or joins names: 'a, b or c'.
func Or(names []string) string { return joined(names, "or") }

func joined(names []string, word string) string {
	n := len(names)
	if n < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:n-1], ", ") + " " + word + " " + names[n-1]
}

// few is how many of a list are named in a sentence.
const few = 3

// Few names the first of a list in a sentence, and says how many more there are.
func Few[T any](list []T, name func(T) string) string {
	var names []string
	for i := range list {
		if i == few {
			names = append(names, fmt.Sprintf("%d more", len(list)-i))
			break
		}
		names = append(names, name(list[i]))
	}
	return And(names)
}

// First lists the first names, of so many in all.
func First(names []string, most, of int) string {
	names = names[:min(len(names), most)]
	if of > len(names) {
		names = append(slices.Clone(names), "…")
	}
	return strings.Join(names, ", ")
}

// Fit lists names for as long as they fit into a number of columns, and then how many there are more.
func Fit(names []string, columns int) string {
	var out strings.Builder
	used := 0
	for i, name := range names {
		length := utf8.RuneCountInString(name)
		if i > 0 && used+2+length > columns {
			fmt.Fprintf(&out, ", … %d more", len(names)-i)
			break
		}
		if i > 0 {
			out.WriteString(", ")
			used += 2
		}
		out.WriteString(name)
		used += length
	}
	return out.String()
}
