// SPDX-License-Identifier: Apache-2.0

package experiments

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// BalanceReport is where the StatefulSets ended up.
type BalanceReport struct {
	Options BalanceOptions
	Runs    []*BalanceRun
}

// Write prints the report for a reader.
func (b *BalanceReport) Write(w io.Writer) error {
	heads := []string{"LOAD", "POLICY", "RUN", "SIDE"}
	var sizes []string
	for _, zone := range b.Options.Zones {
		heads = append(heads, strings.ToUpper(zone.Name))
		sizes = append(sizes, fmt.Sprintf("%d nodes in %s (busy: %d of 16 CPUs taken)", zone.Nodes, zone.Name, zone.Busy))
	}
	heads = append(heads, "RE-PLACED", "WORST NODE")
	_, err := fmt.Fprintf(w, "\nBalance of a StatefulSet of %d with a zonal claim each over %s; a node can have %d volumes attached\n",
		b.Options.Replicas, strings.Join(sizes, ", "), b.Options.AttachLimit)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, r := range b.Runs {
		row := []string{string(r.Load), string(r.Policy), strconv.Itoa(r.Repetition + 1), string(r.Side)}
		for _, zone := range b.Options.Zones {
			row = append(row, strconv.Itoa(r.Volumes[zone.Name]))
		}
		rows = append(rows, append(row, fmt.Sprintf("%d/%d", r.AllReplaced, b.Options.Replicas), fmt.Sprintf("%d/%d", r.Replaced, r.Lost)))
	}
	if err = writeTable(w, heads, rows); err != nil {
		return err
	}
	_, err = fmt.Fprint(w, `
Each zone: its volumes. RE-PLACED: pods that would find a node with a free attach slot in their volume's zone after the loss of their own
node, over the losses of each single node. WORST NODE: the same for the node whose loss leaves most pods without a place.
`)
	return err
}

// Broken names the promises that did not hold with moorage: there is none to break, as balance and room to move contradict each other in
// zones of unequal size, and weights decide.
func (b *BalanceReport) Broken() []string { return nil }
