// SPDX-License-Identifier: Apache-2.0

package storagemap

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"
)

func (t *text) pod() {
	if t.m.Pod == nil {
		return
	}
	p := t.m.Pod
	t.line("\nPOD %s   nodes that each volume allows", p.Key)
	if len(p.Volumes) == 0 {
		t.line("It has no volumes that moorage looks at: every node will do.")
		return
	}
	rows := [][]string{{"VOLUME", "STATE"}}
	for i := range t.m.Zones {
		rows[0] = append(rows[0], cmp.Or(clip(t.m.Zones[i].Name, nameWidth/2), "no zone"))
	}
	for v := range p.Volumes {
		rows = append(rows, t.podRow(p.Volumes[v].Name, p.Volumes[v].State, func(n *Node) bool { return n.Allowed[v] }))
	}
	rows = append(rows, t.podRow("all together", "", func(n *Node) bool { return n.Fits }))
	t.table(rows)
	if len(t.m.Zones) > 0 && t.m.Nodes <= fewNodes {
		t.podNodes()
	}
}

func (t *text) podRow(name, state string, is func(*Node) bool) []string {
	row := []string{clip(name, nameWidth/2), state}
	for i := range t.m.Zones {
		z := &t.m.Zones[i]
		row = append(row, fmt.Sprintf("%d of %d", countNodes(z, is), len(z.Nodes)))
	}
	return row
}

// podNodes is a line for each node, with a mark for each volume.
func (t *text) podNodes() {
	p := t.m.Pod
	rows := [][]string{{"NODE"}}
	for v := range p.Volumes {
		rows[0] = append(rows[0], clip(p.Volumes[v].Name, nameWidth/2))
	}
	rows[0] = append(rows[0], "ALL TOGETHER")
	mark := func(yes bool) string {
		if yes {
			return "yes"
		}
		return "-"
	}
	for i := range t.m.Zones {
		for _, n := range t.m.Zones[i].Nodes {
			row := []string{clip(n.Name, nameWidth)}
			for _, ok := range n.Allowed {
				row = append(row, mark(ok))
			}
			rows = append(rows, append(row, mark(n.Fits)))
		}
	}
	t.line("")
	t.table(rows)
}

// mostColumns is how wide a table may be; what is to the right of it goes below.
const mostColumns = 98

// table writes rows in aligned columns. Columns that do not fit are written below, with the first again.
func (t *text) table(rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for from := 1; from < len(widths); {
		to, used := from, widths[0]+2
		for to < len(widths) && (to == from || used+widths[to]+2 <= mostColumns) {
			used += widths[to] + 2
			to++
		}
		for _, row := range rows {
			var line strings.Builder
			fmt.Fprintf(&line, "  %-*s", widths[0], row[0])
			for i := from; i < to; i++ {
				fmt.Fprintf(&line, "  %-*s", widths[i], row[i])
			}
			t.line("%s", line.String())
		}
		from = to
	}
}
