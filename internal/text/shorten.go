// SPDX-License-Identifier: Apache-2.0

package text

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/internal/plain"
)

// cut stands where a part of a name was taken out.
const cut = "…"

// Clip takes out the middle of a name that has more than so many columns.
func Clip(name string, columns int) string {
	runes := []rune(plain.Line(name))
	if len(runes) <= columns {
		return string(runes)
	}
	columns = max(columns, 1)
	head := (columns - 1) / 2
	return string(runes[:head]) + cut + string(runes[len(runes)-(columns-1-head):])
}

// Shorten returns for each of a set of names one of at most so many columns. Names that differ stay apart, wherever they differ: what they
// have in common is taken out first, and before anything else the domain at the end.
func Shorten(names []string, columns int) map[string]string {
	columns = max(columns, leastName)
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	shown := make([][]rune, len(names))
	for i, name := range names {
		shown[i] = []rune(plain.Line(name))
	}
	if end := commonDomain(shown); end > 0 {
		for i, name := range shown {
			if len(name) > columns {
				shown[i] = append(slices.Clone(name[:len(name)-end]), []rune(cut)...)
			}
		}
	}
	short := make(map[string]string, len(names))
	for i, s := range apart(shown, columns) {
		short[names[i]] = s
	}
	return short
}

// leastName has room for a beginning, a mark, and a number.
const leastName = 8

// commonDomain is how long the end is, from a dot on, that all names share.
func commonDomain(names [][]rune) int {
	if len(names) < 2 {
		return 0
	}
	end := commonEnd(names)
	first := names[0]
	for end > 0 && first[len(first)-end] != '.' {
		end--
	}
	for _, name := range names {
		if len(name) == end {
			return 0
		}
	}
	return end
}

// apart shortens different names so that they stay different.
func apart(names [][]rune, columns int) []string {
	out := make([]string, len(names))
	alike := map[string][]int{}
	for i, name := range names {
		out[i] = Clip(string(name), columns)
		alike[out[i]] = append(alike[out[i]], i)
	}
	for _, key := range slices.Sorted(maps.Keys(alike)) {
		if group := alike[key]; len(group) > 1 {
			members := make([][]rune, len(group))
			for k, i := range group {
				members[k] = names[i]
			}
			for k, s := range byMiddle(members, columns) {
				out[group[k]] = s
			}
		}
	}
	return numbered(out, columns)
}

// byMiddle shortens names that begin and end alike: it shows what is between, and as much around it as there is room for.
func byMiddle(names [][]rune, columns int) []string {
	begin, end := commonBegin(names), commonEnd(names)
	shortest := len(names[0])
	for _, name := range names {
		shortest = min(shortest, len(name))
	}
	end = min(end, shortest-begin)
	middles := make([][]rune, len(names))
	widest := 0
	for i, name := range names {
		middles[i] = name[begin : len(name)-end]
		widest = max(widest, len(middles[i]))
	}
	room := columns - 2*len([]rune(cut))
	if room < leastName {
		return numbered(clipped(names, columns), columns)
	}
	if widest > room {
		out := apart(middles, room)
		for i := range out {
			out[i] = cut + out[i] + cut
		}
		return out
	}
	// What is left goes to the beginning, and then to the end.
	first := names[0]
	head := string(first[:begin])
	if left := room - widest; begin > left+1 {
		keep := left - min(end, left/3)
		head = string(first[:keep/2]) + cut + string(first[begin-(keep-keep/2):begin])
		if keep < 2 {
			head = cut
		}
	}
	out := make([]string, len(names))
	for i, middle := range middles {
		out[i] = head + string(middle)
		tail := string(first[len(first)-end:])
		if rest := columns - len([]rune(out[i])); end > rest {
			tail = cut + string(first[len(first)-max(rest-1, 0):])
		}
		out[i] += tail
	}
	return out
}

func clipped(names [][]rune, columns int) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = Clip(string(name), columns)
	}
	return out
}

// numbered gives a number to those that are still alike.
func numbered(names []string, columns int) []string {
	taken := map[string]bool{}
	for _, name := range names {
		taken[name] = true
	}
	seen, last := map[string]bool{}, map[string]int{}
	for i, name := range names {
		for seen[names[i]] {
			last[name]++
			mark := fmt.Sprintf("%s%d", cut, last[name]+1)
			next := strings.TrimSuffix(Clip(name, columns-len([]rune(mark))), cut) + mark
			if !taken[next] {
				names[i] = next
			}
		}
		seen[names[i]], taken[names[i]] = true, true
	}
	return names
}

func commonBegin(names [][]rune) int {
	return common(names, func(name []rune, i int) rune { return name[i] })
}

func commonEnd(names [][]rune) int {
	return common(names, func(name []rune, i int) rune { return name[len(name)-1-i] })
}

func common(names [][]rune, at func(name []rune, i int) rune) int {
	for n := 0; ; n++ {
		for _, name := range names {
			if n == len(name) || at(name, n) != at(names[0], n) {
				return n
			}
		}
	}
}
