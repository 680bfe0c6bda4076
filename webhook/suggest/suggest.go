// SPDX-License-Identifier: Apache-2.0

// Package suggest finds the known names that a mistyped name was probably meant to be.
//
// It is for error messages about configuration: it promises a stable order and says nothing when nothing is near. It must
// not know what the names stand for.
package suggest

import (
	"cmp"
	"slices"
	"strings"
)

// limit is how many names an error message can hold before it stops helping.
const limit = 3

// longest is how many bytes a name may have that something is near to: no known name is half as long.
const longest = 256

// Nearest returns at most three of known that are closest to name, the closest first, equals in alphabetical order. What has
// name among its words, as ebs.csi.aws.com has ebs, is closest. A name farther than a third of its length is left out unless
// one of the two contains the other.
func Nearest(name string, known []string) []string {
	type candidate struct {
		name     string
		distance int
	}
	if len(name) > longest {
		return nil
	}
	lower := strings.ToLower(strings.TrimSpace(name))
	var near []candidate
	for _, k := range known {
		other := strings.ToLower(k)
		d := distance(lower, other)
		if slices.Contains(strings.FieldsFunc(other, betweenWords), lower) {
			d = 0
		}
		within := d <= max(2, len(lower)/3)
		contained := len(lower) > 3 && (strings.Contains(other, lower) || strings.Contains(lower, other))
		if within || contained {
			near = append(near, candidate{name: k, distance: d})
		}
	}
	slices.SortFunc(near, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.name, b.name))
	})
	names := make([]string, 0, limit)
	for _, c := range near[:min(limit, len(near))] {
		names = append(names, c.name)
	}
	return names
}

// Sentence is Nearest as the end of an error message: "did you mean a, b or c?", or, when nothing is near, "known are: …"
// with every known name.
func Sentence(name string, known []string) string {
	near := Nearest(name, known)
	switch len(near) {
	case 0:
		sorted := slices.Sorted(slices.Values(known))
		return "known are: " + strings.Join(sorted, ", ")
	case 1:
		return "did you mean " + near[0] + "?"
	default:
		last := len(near) - 1
		return "did you mean " + strings.Join(near[:last], ", ") + " or " + near[last] + "?"
	}
}

func betweenWords(r rune) bool { return strings.ContainsRune("./-_ ", r) }

// distance is Levenshtein's, in bytes, with one row kept.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			above := row[j+1]
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(above+1, row[j]+1, diagonal+cost)
			diagonal = above
		}
	}
	return row[len(b)]
}
