// SPDX-License-Identifier: Apache-2.0

package filters

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Tally is what a run has seen.
type Tally struct {
	Rounds, Verdicts, Messages int
	// Said counts what each plugin said of nodes; passed nodes under 'passes'.
	Said map[string]map[string]int
}

const passes = "passes"

func newTally() Tally { return Tally{Said: map[string]map[string]int{}} }

func (t *Tally) count(plugin string, r Ruling) {
	t.Verdicts++
	of := t.Said[plugin]
	if of == nil {
		of = map[string]int{}
		t.Said[plugin] = of
	}
	switch {
	case !r.Rejected:
		of[passes]++
	case r.Unreadable:
		of["cannot read the pod"]++
	default:
		for _, reason := range r.Reasons {
			if r.Unresolvable {
				reason += " [unresolvable]"
			}
			of[reason]++
		}
	}
}

// Add adds what another run has seen.
func (t *Tally) Add(o *Tally) {
	t.Rounds += o.Rounds
	t.Verdicts += o.Verdicts
	t.Messages += o.Messages
	for plugin, said := range o.Said {
		if t.Said[plugin] == nil {
			t.Said[plugin] = map[string]int{}
		}
		for reason, n := range said {
			t.Said[plugin][reason] += n
		}
	}
}

// expected is what each plugin must say often.
var expected = map[string][]string{
	"NodeName":          {passes, "node(s) didn't match the requested node name [unresolvable]"},
	"NodeUnschedulable": {passes, "node(s) were unschedulable [unresolvable]"},
	"TaintToleration":   {passes, "node(s) had untolerated taint(s) [unresolvable]"},
	"NodeAffinity":      {passes, "node(s) didn't match Pod's node affinity/selector [unresolvable]"},
	"NodePorts":         {passes, "node(s) didn't have free ports for the requested pod ports"},
	"NodeResourcesFit": {
		passes, "Too many pods", "Insufficient cpu", "Insufficient cpu [unresolvable]", "Insufficient memory", "Insufficient ephemeral-storage",
		"Insufficient hugepages-2Mi", "Insufficient example.com/gpu", "Insufficient example.com/gpu [unresolvable]",
	},
	"PodTopologySpread": {
		passes, "node(s) didn't match pod topology spread constraints",
		"node(s) didn't match pod topology spread constraints (missing required label) [unresolvable]", "cannot read the pod",
	},
	"InterPodAffinity": {
		passes, "node(s) didn't match pod affinity rules [unresolvable]", "node(s) didn't match pod anti-affinity rules",
		"node(s) didn't satisfy existing pods anti-affinity rules", "cannot read the pod",
	},
}

// Missed names what plugins have said less often than that.
func (t *Tally) Missed(often int) []string {
	var missed []string
	for _, plugin := range Plugins {
		for _, text := range expected[plugin] {
			if n := t.Said[plugin][text]; n < often {
				missed = append(missed, fmt.Sprintf("%s says %d times %q: the rounds show little", plugin, n, text))
			}
		}
	}
	return missed
}

// String is the report of a run.
func (t *Tally) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%d rounds, %d verdicts, %d messages\n", t.Rounds, t.Verdicts, t.Messages)
	for _, plugin := range Plugins {
		for _, text := range slices.Sorted(maps.Keys(t.Said[plugin])) {
			fmt.Fprintf(&out, "  %9d  %s: %s\n", t.Said[plugin][text], plugin, text)
		}
	}
	return out.String()
}
