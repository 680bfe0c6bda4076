// SPDX-License-Identifier: Apache-2.0

package output

import (
	"fmt"
	"maps"
	"slices"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/explain/joint"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// Help is a change after which the pod fits, as far as volumes and kube-scheduler's other filters go, or what would help a pod or claim that
// waits for something else than a node.
type Help struct {
	What string `json:"what"`
	// Nodes is on how many nodes the pod then fits; left out where that was not tried.
	Nodes int `json:"nodes,omitempty"`
}

// maxHelp is how many changes are listed.
const maxHelp = 6

// helps are the changes to volumes and those beside them, the least first.
func (w causeWords) helps(e *explain.Explanation) []Help {
	switch {
	case e.Held:
		return heldHelp(e)
	case len(e.Pinned) > 0:
		return asHelp(pinnedHelp(e))
	case len(e.Unserved) > 0:
		return asHelp(unservedHelp(e))
	case onlyFailing(e):
		return asHelp(failingHelp(e.Failing))
	}
	if e.Together == nil || e.Fits {
		return nil
	}
	var light, heavy, nodes, moves []Help
	moved := map[string]bool{}
	for i := range e.Changes {
		c := &e.Changes[i]
		help := Help{w.change(c), c.Fits.Nodes}
		switch {
		case c.Do == explain.AddNode:
			// It was not tried whether other filters pass that node.
			if onlyVolumes(e.Together) && !slices.ContainsFunc(e.Together.Helps, func(h joint.Help) bool { return h.Kind == joint.AddNode }) {
				nodes = append(nodes, help)
			}
		case c.Do == explain.MoveVolume:
			moves = append(moves, help)
			moved[c.Volume.Name] = true
		case c.Do == explain.GiveUp:
			heavy = append(heavy, help)
			moved[c.Volume.Name] = true
		case c.Do <= explain.MovePod:
			light = append(light, help)
		default:
			heavy = append(heavy, help)
		}
	}
	var beside []Help
	for i := range e.Together.Helps {
		h := &e.Together.Helps[i]
		help := Help{w.help(e, h) + "; then the pod fits on " + fitsOn(h), h.Nodes}
		switch {
		case h.Kind == joint.AddNode:
			nodes = append(nodes, help)
		case h.Kind == joint.MoveVolume && e.Together.Volumes[h.Volume].State == placement.Delayed: // It is not there yet, and has no data.
		case h.Kind != joint.MoveVolume:
			beside = append(beside, help)
		case !moved[e.Together.Volumes[h.Volume].Name]:
			moves = append(moves, help)
		}
	}
	all := slices.Concat(light, beside, heavy, nodes, moves)
	return all[:min(len(all), maxHelp)]
}

func onlyVolumes(t *explain.Together) bool {
	return !slices.ContainsFunc(t.Constraints, func(c explain.Constraint) bool { return c.Cause == nil })
}

func fitsOn(h *joint.Help) string {
	names := slices.Clone(h.Fits)
	for i, name := range names {
		if name == explain.NewNode {
			names[i] = "the new node"
		}
	}
	if h.Nodes > len(names) {
		return fmt.Sprintf("%d nodes (%s)", h.Nodes, text.First(names, len(names), h.Nodes))
	}
	return text.Or(names)
}

// help says a change.
func (w causeWords) help(e *explain.Explanation, h *joint.Help) string {
	what := w.helpAlone(e, h)
	if h.With != nil {
		what += ", and " + w.helpAlone(e, h.With)
	}
	return what
}

func (w causeWords) helpAlone(e *explain.Explanation, h *joint.Help) string {
	switch h.Kind {
	case joint.Uncordon:
		return "uncordon node " + h.Node
	case joint.RemovePods:
		return fmt.Sprintf("wait until %s on %s is gone, or move it", w.others(h.Pods), h.Node)
	case joint.FreeRoom:
		return fmt.Sprintf("free %s on %s", text.And(rooms(h.Room)), h.Node)
	case joint.Tolerate:
		names := make([]string, len(h.Taints))
		for i := range h.Taints {
			names[i] = h.Taints[i].ToString()
		}
		return "give the pod a toleration of " + text.And(names)
	case joint.LabelNode:
		return fmt.Sprintf("give node %s the label %s, if it is such a node", h.Node, text.And(pairsOf(h.Labels)))
	case joint.WidenAffinity:
		return "drop or widen the pod's nodeSelector and node affinity"
	case joint.RaiseSkew:
		c := &e.Together.Pod.Spec.TopologySpreadConstraints[h.Constraint]
		return fmt.Sprintf("raise maxSkew over %s from %d to %d, or use ScheduleAnyway", c.TopologyKey, c.MaxSkew, h.MaxSkew)
	case joint.AddNode:
		what := "add a node like " + h.Node + ", with nothing on it"
		if len(h.Labels) > 0 {
			what += ", with the label " + text.And(pairsOf(h.Labels))
		}
		return what
	case joint.MoveVolume:
		v := &e.Together.Volumes[h.Volume]
		return fmt.Sprintf("recreate the volume of %s where the pod can be, from a snapshot or a copy of its data", subject(v))
	default:
		return ""
	}
}

func rooms(list []joint.Room) []string {
	out := make([]string, len(list))
	for i, r := range list {
		if r.Resource == "" || r.Resource == "pods" {
			out[i] = "room for " + text.Count(int(r.Amount), "pod")
			continue
		}
		out[i] = amount(r.Resource, r.Amount) + " " + resourceName(r.Resource)
	}
	return out
}

func pairsOf(labels map[string]string) []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		out = append(out, key+"="+labels[key])
	}
	return out
}
