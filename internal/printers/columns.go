// SPDX-License-Identifier: Apache-2.0

package printers

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/moorage-k8s/moorage/internal/plain"
)

// columns writes rows in aligned columns, the first as a heading. The last column is broken between words where a line would
// be longer than the width.
func columns(out *bytes.Buffer, rows [][]string) {
	last := len(rows[0]) - 1
	widths := make([]int, last)
	for _, row := range rows {
		for i := range row {
			row[i] = plain.Line(row[i])
		}
		for i := range widths {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, w := range widths {
			line.WriteString(row[i])
			line.WriteString(strings.Repeat(" ", w-utf8.RuneCountInString(row[i])+2))
		}
		hang := strings.Repeat(" ", utf8.RuneCountInString(line.String()))
		fmt.Fprintln(out, strings.TrimRight(wrap(row[last], line.String(), hang), " "))
	}
}

// some lists names for as long as they fit into a number of columns, and then how many there are more.
func some(names []string, columns int) string {
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
