// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/simulate"
)

// Simulation is where pods and their volumes would land.
type Simulation struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Fits reports whether every pod was placed.
	Fits bool `json:"fits"`
	// Lost are nodes that were taken away.
	Lost []string `json:"lost,omitempty"`
	// Pods are in the order in which they were placed.
	Pods  []SimulatedPod  `json:"pods"`
	Zones []simulate.Zone `json:"zones,omitempty"`
	Pools []SimulatedPool `json:"pools,omitempty"`
	// Uncertain are reservations in the classes of Pools that may be in the published capacity already. They took no room.
	Uncertain []explain.Reservation `json:"uncertainReservations,omitempty"`
	// Unmodelled are things that the workloads ask for and that were not looked at.
	Unmodelled []string      `json:"unmodelled,omitempty"`
	Known      explain.Known `json:"known"`
}

// SimulatedPod is a pod, with why it was not placed, if so.
type SimulatedPod struct {
	*simulate.Pod `json:",inline"`
	Why           string `json:"why,omitempty"`
}

// SimulatedPool is a pool before and after. What is reserved for other pods counts as taken in both.
type SimulatedPool struct {
	Class  string `json:"class"`
	Name   string `json:"name"`
	Where  string `json:"where"`
	Before int64  `json:"before"`
	After  int64  `json:"after"`
}

// SimulationOf puts a simulation into words.
func SimulationOf(r *simulate.Result) *Simulation {
	out := &Simulation{
		APIVersion: apiVersion, Kind: "Simulation", Fits: r.Fits, Lost: r.Lost, Zones: r.Zones, Uncertain: r.Uncertain, Known: r.Known,
	}
	for i := range r.Pods {
		out.Pods = append(out.Pods, SimulatedPod{&r.Pods[i], why(r.Pods[i].Unplaced)})
	}
	for i := range r.Pools {
		p := &r.Pools[i]
		out.Pools = append(out.Pools, SimulatedPool{p.Class, p.Name, on(&p.Where), p.Before, p.After})
	}
	for _, u := range r.Unmodelled {
		out.Unmodelled = append(out.Unmodelled, unmodelled[u])
	}
	return out
}

var unmodelled = map[simulate.Unmodelled]string{
	simulate.Requests: "requests of CPU, memory and other resources", simulate.PodAffinity: "affinity between pods",
	simulate.Spread: "topology spread constraints", simulate.PreferredNode: "preferred node affinity",
	simulate.Tolerations: "tolerations (taints are not looked at: every node counts as tolerated)", simulate.Priority: "priorities and preemption",
}

func why(u *simulate.Unplaced) string {
	switch {
	case u == nil:
		return ""
	case u.Nowhere != nil:
		return headlineOf(u.Nowhere)
	case u.RuledOut != "":
		return u.RuledOut
	case u.Only != "":
		return fmt.Sprintf("node %s is not ready, cordoned, or not what the pod's nodeSelector and affinity want", u.Only)
	default:
		return fmt.Sprintf("its volumes leave %d of %d nodes, and each of these is cordoned, not ready, or not what its nodeSelector and node affinity want",
			u.Allowed, u.Of)
	}
}

// WriteSimulation writes where pods and volumes would land.
func WriteSimulation(w io.Writer, r *simulate.Result, output string, color bool) error {
	value := SimulationOf(r)
	return writeExplained(w, output, value, func(out *bytes.Buffer, wide bool) { simulationText(out, value, wide, color) })
}

// mostPlaced is how many pods are shown one by one, unless all are asked for.
const mostPlaced = 30

func simulationText(out *bytes.Buffer, r *Simulation, wide, color bool) {
	placed := 0
	for i := range r.Pods {
		if r.Pods[i].Node != "" {
			placed++
		}
	}
	found := fmt.Sprintf("All %s find a place.", text.Count(placed, "pod"))
	switch {
	case len(r.Pods) == 0:
		found = "There is no pod to place."
	case placed == 1 && r.Fits:
		found = "The pod finds a place."
	case !r.Fits:
		found = fmt.Sprintf("%d of %s find a place, %d find none.", placed, text.Count(len(r.Pods), "pod"), len(r.Pods)-placed)
	}
	if len(r.Lost) > 0 {
		found = fmt.Sprintf("Without %s (%s): %s", text.Count(len(r.Lost), "node"), text.Fit(r.Lost, width/2), found)
	}
	headline(out, found, r.Fits, color)
	if refused := notPlaced(r); len(refused) > 1 {
		fmt.Fprintln(out)
		text.Table(out, width, refused)
	}
	if placed > 0 && (wide || placed <= mostPlaced) {
		fmt.Fprintln(out)
		text.Table(out, width, placedPods(r))
	} else if placed > 0 {
		fmt.Fprintf(out, "\n%s were placed; -o wide tells each.\n", text.Count(placed, "pod"))
	}
	if len(r.Zones) > 0 {
		fmt.Fprintln(out)
		rows := [][]string{{"ZONE", "PODS", "NEW VOLUMES", "SIZE"}}
		for _, z := range r.Zones {
			rows = append(rows, []string{orDash(z.Zone), fmt.Sprint(z.Pods), fmt.Sprint(z.Volumes), text.Size(z.Bytes)})
		}
		text.Table(out, width, rows)
	}
	if len(r.Pools) > 0 {
		fmt.Fprintln(out)
		rows := [][]string{{"POOL OF CLASS", "FREE BEFORE", "FREE AFTER", "REACHED"}}
		for i, p := range r.Pools {
			if i == mostPools && !wide {
				rows = append(rows, []string{fmt.Sprintf("… %d more", len(r.Pools)-i), "", "", "-o wide tells all"})
				break
			}
			rows = append(rows, []string{p.Class, text.Size(p.Before), text.Size(p.After), p.Where})
		}
		text.Table(out, width, rows)
	}
	if len(r.Uncertain) > 0 {
		fmt.Fprintln(out)
		reservationsText(out, uncertain, r.Uncertain)
	}
	if len(r.Unmodelled) > 0 {
		fmt.Fprintf(out, "\n%s\n", text.Wrap(width, "Not looked at, although the workloads ask for it: "+strings.Join(r.Unmodelled, "; ")+".", "", "  "))
	}
	fmt.Fprintln(out)
	knownText(out, &r.Known)
}

// notPlaced gathers the pods without a place by workload and cause, the larger groups first.
func notPlaced(r *Simulation) [][]string {
	type group struct {
		workload, why string
		names         []string
	}
	var groups []*group
	for i := range r.Pods {
		p := &r.Pods[i]
		if p.Node != "" {
			continue
		}
		at := slices.IndexFunc(groups, func(g *group) bool { return g.workload == p.Workload && g.why == p.Why })
		if at < 0 {
			at = len(groups)
			groups = append(groups, &group{workload: p.Workload, why: p.Why})
		}
		groups[at].names = append(groups[at].names, podName(p))
	}
	slices.SortStableFunc(groups, func(a, b *group) int { return cmp.Compare(len(b.names), len(a.names)) })
	rows := [][]string{{"NO PLACE FOR", "BECAUSE"}}
	for i, g := range groups {
		if i == mostPools {
			rows = append(rows, []string{fmt.Sprintf("… %d more", len(groups)-i), "-o json tells all"})
			break
		}
		rows = append(rows, []string{text.Fit(g.names, width/4), g.why})
	}
	return rows
}

func podName(p *SimulatedPod) string {
	if p.Namespace == "default" {
		return p.Name
	}
	return p.Namespace + "/" + p.Name
}

func placedPods(r *Simulation) [][]string {
	rows := [][]string{{"POD", "NODE", "ZONE", "VOLUMES"}}
	if len(r.Lost) > 0 {
		rows[0][1] = "NODE (BEFORE)"
	}
	for i := range r.Pods {
		p := &r.Pods[i]
		if p.Node == "" {
			continue
		}
		var volumes []string
		for _, v := range p.Volumes {
			line := fmt.Sprintf("%s %s", v.Claim, text.Size(v.Bytes))
			switch v.How {
			case simulate.Provisioned:
				line += " new"
			case simulate.Bound:
				line += " bound to " + v.Volume
			}
			volumes = append(volumes, line)
		}
		node := p.Node
		if p.From != "" {
			node += " (" + p.From + ")"
		}
		rows = append(rows, []string{podName(p), node, orDash(p.Zone), orDash(strings.Join(volumes, ", "))})
	}
	return rows
}
