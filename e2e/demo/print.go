// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
)

// width is how wide a line of prose may be.
const width = 116

func (s *story) chapter(title string) { s.say("\n== %s", title) }

// say prints a line. A reader who is gone is no reason to stop: the checks go on.
func (s *story) say(format string, args ...any) { _, _ = fmt.Fprintf(s.out, format+"\n", args...) }

func (s *story) table(head []string, rows [][]string) {
	w := tabwriter.NewWriter(s.out, 0, 0, 3, ' ', 0)
	_, _ = fmt.Fprintln(w, "\n  "+strings.Join(head, "\t"))
	for _, row := range rows {
		_, _ = fmt.Fprintln(w, "  "+strings.Join(row, "\t"))
	}
	_ = w.Flush()
}

// wrapped breaks a long line at spaces and indents what follows, as a terminal would not.
func wrapped(text string) string {
	var out strings.Builder
	at := 0
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case at+1+len(word) > width:
			out.WriteString("\n    ")
			at = 4
		default:
			out.WriteByte(' ')
			at++
		}
		out.WriteString(word)
		at += len(word)
	}
	return out.String()
}

func (s *story) nodesIn(zone string) []string {
	var names []string
	for _, name := range s.nodes.Names() {
		if s.nodes.ZoneOf(name) == zone {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func join(list []string) string { return strings.Join(list, ", ") }

func gibibytes(bytes int64) string { return fmt.Sprintf("%d GiB", bytes/gib) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// relative is a file of the repository as its reader would name it.
func relative(file string) string {
	return filepath.Join(filepath.Base(filepath.Dir(file)), filepath.Base(file))
}
