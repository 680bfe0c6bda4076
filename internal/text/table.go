// SPDX-License-Identifier: Apache-2.0

package text

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/moorage-k8s/moorage/internal/plain"
)

// gap is between two columns.
const gap = 2

// Table writes rows in aligned columns. The last is broken between words where a line would be longer than the width; 0 is any.
func Table(out io.Writer, width int, rows [][]string) {
	widths := measure(rows)
	for _, row := range rows {
		var line string
		last := len(row) - 1
		for i, cell := range row[:last] {
			line += cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+gap)
		}
		hang := strings.Repeat(" ", utf8.RuneCountInString(line))
		_, _ = fmt.Fprintln(out, strings.TrimRight(Wrap(width, row[last], line, hang), " "))
	}
}

// Stack writes a table whose columns may be too many for the width: those that do not fit are written below, with the first again.
func Stack(out io.Writer, width int, rows [][]string) {
	widths := measure(rows)
	for from := 1; from < len(widths); {
		to, used := from, widths[0]
		for to < len(widths) && (to == from || used+gap+widths[to] <= width) {
			used += gap + widths[to]
			to++
		}
		part := make([][]string, len(rows))
		for i, row := range rows {
			part[i] = append([]string{row[0]}, row[from:to]...)
		}
		Table(out, 0, part)
		from = to
	}
}

// measure makes each cell a line, and returns how wide the columns are.
func measure(rows [][]string) []int {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i := range row {
			row[i] = plain.Line(row[i])
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	return widths
}

// Facts writes names, each with a colon, and beside them in a column what is to be said of each.
func Facts(out io.Writer, width, column int, facts [][2]string) {
	for _, f := range facts {
		_, _ = fmt.Fprintln(out, Wrap(width, f[1], fmt.Sprintf("%-*s", column, f[0]+":"), strings.Repeat(" ", column)))
	}
}
