// SPDX-License-Identifier: Apache-2.0

package printers

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/simulate"
)

// Simulation writes where pods and volumes would land.
func Simulation(w io.Writer, r *simulate.Result, output string, color bool) error {
	if output != "text" && output != "wide" {
		return writeExplained(w, output, struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
			*simulate.Result
		}{apiVersion, "Simulation", r})
	}
	var out bytes.Buffer
	simulationText(&out, r, output == "wide", color)
	_, err := w.Write(out.Bytes())
	return err
}

// mostPlaced is how many pods are shown one by one, unless all are asked for.
const mostPlaced = 30

func simulationText(out *bytes.Buffer, r *simulate.Result, wide, color bool) {
	placed := 0
	for i := range r.Pods {
		if r.Pods[i].Node != "" {
			placed++
		}
	}
	text := fmt.Sprintf("All %s find a place.", plural(placed, "pod"))
	switch {
	case len(r.Pods) == 0:
		text = "There is no pod to place."
	case placed == 1 && r.Fits:
		text = "The pod finds a place."
	case !r.Fits:
		text = fmt.Sprintf("%d of %s find a place, %d find none.", placed, plural(len(r.Pods), "pod"), len(r.Pods)-placed)
	}
	if len(r.Lost) > 0 {
		text = fmt.Sprintf("Without %s (%s): %s", plural(len(r.Lost), "node"), some(r.Lost, width/2), text)
	}
	headline(out, text, r.Fits, color)
	if refused := notPlaced(r); len(refused) > 1 {
		fmt.Fprintln(out)
		columns(out, refused)
	}
	if placed > 0 && (wide || placed <= mostPlaced) {
		fmt.Fprintln(out)
		columns(out, placedPods(r))
	} else if placed > 0 {
		fmt.Fprintf(out, "\n%s were placed; -o wide tells each.\n", plural(placed, "pod"))
	}
	if len(r.Zones) > 0 {
		fmt.Fprintln(out)
		rows := [][]string{{"ZONE", "PODS", "NEW VOLUMES", "SIZE"}}
		for _, z := range r.Zones {
			rows = append(rows, []string{orDash(z.Zone), fmt.Sprint(z.Pods), fmt.Sprint(z.Volumes), explain.Size(z.Bytes)})
		}
		columns(out, rows)
	}
	if len(r.Pools) > 0 {
		fmt.Fprintln(out)
		rows := [][]string{{"POOL OF CLASS", "FREE BEFORE", "FREE AFTER", "REACHED"}}
		for i, p := range r.Pools {
			if i == mostPools && !wide {
				rows = append(rows, []string{fmt.Sprintf("… %d more", len(r.Pools)-i), "", "", "-o wide tells all"})
				break
			}
			rows = append(rows, []string{p.Class, explain.Size(p.Before), explain.Size(p.After), p.Where})
		}
		columns(out, rows)
	}
	if len(r.Uncertain) > 0 {
		fmt.Fprintln(out)
		reservationsText(out, uncertain, r.Uncertain)
	}
	if len(r.Unmodelled) > 0 {
		fmt.Fprintf(out, "\n%s\n", wrap("Not looked at, although the workloads ask for it: "+strings.Join(r.Unmodelled, "; ")+".", "", "  "))
	}
	fmt.Fprintln(out)
	knownText(out, &r.Known)
}

// notPlaced gathers the pods without a place by workload and cause, the larger groups first.
func notPlaced(r *simulate.Result) [][]string {
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
		rows = append(rows, []string{some(g.names, width/4), g.why})
	}
	return rows
}

func podName(p *simulate.Pod) string {
	if p.Namespace == "default" {
		return p.Name
	}
	return p.Namespace + "/" + p.Name
}

func placedPods(r *simulate.Result) [][]string {
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
			text := fmt.Sprintf("%s %s", v.Claim, explain.Size(v.Bytes))
			switch v.How {
			case "provisioned":
				text += " new"
			case "bound":
				text += " bound to " + v.Volume
			}
			volumes = append(volumes, text)
		}
		node := p.Node
		if p.From != "" {
			node += " (" + p.From + ")"
		}
		rows = append(rows, []string{podName(p), node, orDash(p.Zone), orDash(strings.Join(volumes, ", "))})
	}
	return rows
}
