// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/simulate"
)

// mostPlaced is how many pods are shown one by one, unless all are asked for.
const mostPlaced = 30

func simulationText(out *bytes.Buffer, r *Simulation, wide, color bool) {
	placed := 0
	for i := range r.Pods {
		if r.Pods[i].Node != "" {
			placed++
		}
	}
	asFar := ""
	if len(r.Scores.Modelled) == 1 {
		asFar = " as far as volumes go"
	}
	found := fmt.Sprintf("All %s find a place%s.", text.Count(placed, "pod"), asFar)
	switch {
	case len(r.Pods) == 0:
		found = "There is no pod to place."
	case placed == 1 && r.Fits:
		found = fmt.Sprintf("The pod finds a place%s.", asFar)
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
	lackedText(out, r, wide)
	stayText(out, r)
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
	if len(r.Unknown) > 0 {
		fmt.Fprintf(out, "\n%s\n", text.Wrap(width, "Not known: "+strings.Join(r.Unknown, "; ")+".", "", "  "))
	}
	if wide {
		fmt.Fprintf(out, "\n%s\n", text.Wrap(width, "Nodes were chosen by the scores "+strings.Join(r.Scores.Modelled, ", ")+"; not by "+
			strings.Join(r.Scores.LeftOut, ", ")+".", "", "  "))
	}
	fmt.Fprintln(out)
	knownText(out, &r.Known)
}

// mostLacked is for how many pods the answer lists what each node lacks.
const mostLacked = 2

// lackedText tells what the nodes lack for the first pods without a place, of different workloads.
func lackedText(out *bytes.Buffer, r *Simulation, wide bool) {
	var told []string
	for i := range r.Pods {
		p := &r.Pods[i]
		if p.Lacks == nil || (len(told) >= mostLacked || slices.Contains(told, p.Workload)) && !wide {
			continue
		}
		told = append(told, p.Workload)
		fmt.Fprintf(out, "\nNode by node, for %s:\n", podName(p))
		lacksText(out, lacking(p.Lacks))
	}
}

func lacking(nodes []NodeLacks) *Explanation {
	e := &Explanation{}
	for _, n := range nodes {
		e.Nodes = append(e.Nodes, explain.Node{Name: n.Node, Zone: n.Zone, Lacks: n.Lacks})
	}
	return e
}

// stayText tells of pods of lost nodes that are not what a person may expect of them.
func stayText(out *bytes.Buffer, r *Simulation) {
	var bare, daemons, mirrors []string
	for i := range r.Pods {
		if r.Pods[i].Bare {
			bare = append(bare, podName(&r.Pods[i]))
		}
	}
	for _, s := range r.Stay {
		name := podNamed(s.Namespace, s.Name)
		if s.Why == simulate.Mirror {
			mirrors = append(mirrors, name)
		} else {
			daemons = append(daemons, name)
		}
	}
	if len(bare)+len(r.Stay) > 0 {
		fmt.Fprintln(out)
	}
	say := func(names []string, format string) {
		if len(names) > 0 {
			fmt.Fprintln(out, text.Wrap(width, fmt.Sprintf(format, text.Count(len(names), "pod"), text.First(names, 2, len(names))), "", "  "))
		}
	}
	say(bare, "Nobody creates %s again (%s), for lack of a controller: kubectl drain leaves such a pod unless it is given --force, and then it is gone.")
	say(daemons, "Not placed again: %s of DaemonSets (%s), which are there for their node.")
	say(mirrors, "Not placed again: %s that the kubelet runs by itself (%s).")
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

func podName(p *SimulatedPod) string { return podNamed(p.Namespace, p.Name) }

func podNamed(namespace, name string) string {
	if namespace == "default" {
		return name
	}
	return namespace + "/" + name
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
