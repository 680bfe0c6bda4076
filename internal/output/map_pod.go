// SPDX-License-Identifier: Apache-2.0

package output

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/moorage-k8s/moorage/internal/storagemap"
	"github.com/moorage-k8s/moorage/internal/text"
)

func (t *mapText) pod() {
	if t.m.Pod == nil {
		return
	}
	p := t.m.Pod
	t.line("\nPOD %s   nodes that each volume allows", p.Key)
	if len(p.Volumes) == 0 {
		t.line("It has no volumes that restrict placement.")
		return
	}
	rows := [][]string{{"VOLUME", "STATE"}}
	for i := range t.m.Zones {
		rows[0] = append(rows[0], cmp.Or(t.names.short(zoneNames, t.m.Zones[i].Name, nameWidth/2), "no zone"))
	}
	for v := range p.Volumes {
		rows = append(rows, t.podRow(t.names.short(podVolumeNames, p.Volumes[v].Name, nameWidth/2), p.Volumes[v].State, func(n *storagemap.Node) bool { return n.Allowed[v] }))
	}
	rows = append(rows, t.podRow("all together", "", func(n *storagemap.Node) bool { return n.Fits }))
	t.table(rows)
	if len(t.m.Zones) > 0 && t.m.Known.Nodes <= fewNodes {
		t.podNodes()
	}
}

func (t *mapText) podRow(name, state string, is func(*storagemap.Node) bool) []string {
	row := []string{name, state}
	for i := range t.m.Zones {
		z := &t.m.Zones[i]
		row = append(row, fmt.Sprintf("%d of %d", countNodes(z, is), len(z.Nodes)))
	}
	return row
}

// podNodes is a line for each node, with a mark for each volume.
func (t *mapText) podNodes() {
	p := t.m.Pod
	rows := [][]string{{"NODE"}}
	for v := range p.Volumes {
		rows[0] = append(rows[0], t.names.short(podVolumeNames, p.Volumes[v].Name, nameWidth/2))
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
			row := []string{t.names.short(nodeNames, n.Name, nameWidth)}
			for _, ok := range n.Allowed {
				row = append(row, mark(ok))
			}
			rows = append(rows, append(row, mark(n.Fits)))
		}
	}
	t.line("")
	t.table(rows)
}

// table writes rows behind an indent. Columns that do not fit are written below.
func (t *mapText) table(rows [][]string) {
	var out strings.Builder
	text.Stack(&out, width-2, rows)
	for line := range strings.Lines(out.String()) {
		t.out.WriteString("  " + line)
	}
}
