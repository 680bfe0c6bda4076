// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Tally is what a run has seen.
type Tally struct {
	Rounds, Verdicts int
	// Rulings count in-tree's answers: by reason, and under the plugin's name where a node was accepted.
	Reasons  map[*Reason]int
	Accepted map[string]int
	// Unknown are texts that the table of reasons does not have.
	Unknown   map[string]int
	Exempted  map[*Exemption]int
	Generated map[Row]int
}

func newTally() Tally {
	return Tally{
		Reasons: map[*Reason]int{}, Accepted: map[string]int{}, Unknown: map[string]int{},
		Exempted: map[*Exemption]int{}, Generated: map[Row]int{},
	}
}

func (t *Tally) count(plugin string, r Ruling) {
	if r.Outcome == Accepted {
		t.Accepted[plugin]++
		return
	}
	for _, text := range r.Reasons {
		if reason := reasonOf(plugin, text); reason != nil {
			t.Reasons[reason]++
		} else {
			t.Unknown[plugin+": "+text]++
		}
	}
}

// Add adds what another run has seen.
func (t *Tally) Add(o *Tally) {
	t.Rounds += o.Rounds
	t.Verdicts += o.Verdicts
	addCounts(t.Reasons, o.Reasons)
	addCounts(t.Accepted, o.Accepted)
	addCounts(t.Unknown, o.Unknown)
	addCounts(t.Exempted, o.Exempted)
	addCounts(t.Generated, o.Generated)
}

func addCounts[K comparable](to, from map[K]int) {
	for k, n := range from {
		to[k] += n
	}
}

// Missed names the reasons of the plugins, the exemptions and the generator's rows that were never reached, and the texts
// that are not known.
func (t *Tally) Missed(plugins []string) []string {
	var missed []string
	for _, r := range Reasons {
		if t.Reasons[r] == 0 && slices.Contains(plugins, r.Plugin) {
			missed = append(missed, "reason never reached: "+r.String())
		}
	}
	for _, e := range Exemptions {
		if t.Exempted[e] == 0 && slices.ContainsFunc(plugins, e.concerns) {
			missed = append(missed, "exemption never applied: "+e.Name)
		}
	}
	for _, row := range Rows {
		if t.Generated[row] == 0 {
			missed = append(missed, "row never generated: "+string(row))
		}
	}
	for _, text := range slices.Sorted(maps.Keys(t.Unknown)) {
		missed = append(missed, "reason not in the table: "+text)
	}
	return missed
}

// String is the report of a run.
func (t *Tally) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%d rounds, %d node verdicts\n", t.Rounds, t.Verdicts)
	for _, plugin := range Plugins {
		fmt.Fprintf(&out, "  %9d  %s: accepted\n", t.Accepted[plugin], plugin)
		for _, r := range Reasons {
			if r.Plugin == plugin {
				fmt.Fprintf(&out, "  %9d  %s\n", t.Reasons[r], r)
			}
		}
	}
	out.WriteString("exemptions:\n")
	for _, e := range Exemptions {
		fmt.Fprintf(&out, "  %9d  %s (%s)\n", t.Exempted[e], e.Name, e.Why)
	}
	return out.String()
}
