// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"github.com/moorage-k8s/moorage/explain"
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
	// Stay are pods of lost nodes that are not placed again: those of DaemonSets, and those that the kubelet runs by itself.
	Stay []simulate.Stay `json:"stay,omitempty"`
	// Unmodelled are things that the workloads ask for and that were not looked at, Unknown what else was left open.
	Unmodelled []string `json:"unmodelled,omitempty"`
	Unknown    []string `json:"unknown,omitempty"`
	// Scores are those of kube-scheduler's scores by which nodes were chosen, and those that were left out.
	Scores SimulatedScores `json:"scores"`
	Known  explain.Known   `json:"known"`
}

// SimulatedScores tells by which scores nodes were chosen.
type SimulatedScores struct {
	Modelled []string `json:"modelled"`
	LeftOut  []string `json:"leftOut"`
}

// SimulatedPod is a pod, with why it was not placed, if so.
type SimulatedPod struct {
	*simulate.Pod `json:",inline"`
	Why           string `json:"why,omitempty"`
	// Lacks are what the nodes lack for the pod, node by node; of pods of one workload without a place for the same reason only for the first.
	Lacks []NodeLacks `json:"lacks,omitempty"`
}

// NodeLacks is all that one node lacks for a pod.
type NodeLacks struct {
	Node  string         `json:"node"`
	Zone  string         `json:"zone,omitempty"`
	Lacks []explain.Lack `json:"lacks"`
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
		Stay: r.Stay, Unknown: r.Unknown, Scores: SimulatedScores{simulate.Modelled, simulate.NotModelled},
	}
	if r.VolumesOnly {
		out.Scores = SimulatedScores{simulate.Modelled[:1], append(slices.Clone(simulate.Modelled[1:]), simulate.NotModelled...)}
	}
	told := map[[2]string]bool{}
	for i := range r.Pods {
		p := SimulatedPod{Pod: &r.Pods[i], Why: why(r.Pods[i].Unplaced)}
		if key := [2]string{p.Workload, p.Why}; p.Why != "" && !told[key] {
			told[key] = true
			p.Lacks = nodeLacks(p.Unplaced.Nowhere)
		}
		out.Pods = append(out.Pods, p)
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

// nodeLacks is what nodes lack for a pod that finds no place; none where only volumes were looked at.
func nodeLacks(e *explain.Explanation) []NodeLacks {
	if e == nil || e.Together == nil {
		return nil
	}
	var out []NodeLacks
	for _, n := range (causeWords{e.Pod.Namespace}).lacks(e) {
		out = append(out, NodeLacks{n.Name, n.Zone, n.Lacks})
	}
	return out
}

var unmodelled = map[simulate.Unmodelled]string{
	simulate.Requests: "requests of CPU, memory and other resources", simulate.PodAffinity: "affinity between pods",
	simulate.PreferredPod: "preferred affinity between pods",
	simulate.Spread:       "topology spread constraints", simulate.PreferredNode: "preferred node affinity",
	simulate.Tolerations: "tolerations (taints are not looked at: every node counts as tolerated)", simulate.Priority: "priorities and preemption",
}

func why(u *simulate.Unplaced) string {
	switch {
	case u == nil:
		return ""
	case u.Nowhere != nil:
		return headlineOf(u.Nowhere)
	case u.Message != "":
		return u.Message
	case u.Closed:
		return fmt.Sprintf("%d of %d nodes would do, and each of these is not ready", u.Allowed, u.Of)
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
