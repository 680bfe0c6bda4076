// SPDX-License-Identifier: Apache-2.0

package output

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

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
		help := Help{w.change(e, c), nodesThen(c)}
		switch {
		case c.Do == explain.AddNode:
			// It was not tried whether other filters pass that node.
			if onlyVolumes(e.Together) && !slices.ContainsFunc(e.Together.Helps, func(h joint.Help) bool { return h.Kind == joint.AddNode }) {
				nodes = append(nodes, help)
			}
		case c.Do == explain.MoveVolume:
			moves = append(moves, help)
			moved[c.Volume.Name] = true
		case c.Do == explain.ReturnNode:
			light = append(light, help)
			moved[c.Volume.Name] = true // What is a part of a node that is gone cannot be copied.
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
	if e.Together.Doubted { // No machine is bought, and no data moved, for a reason that cannot be looked at.
		all = slices.Concat(light, doubtedHelp(e.Together))
	}
	return all[:min(len(all), maxHelp)]
}

// doubtedHelp is where to look for a reason of kube-scheduler that is not found.
func doubtedHelp(t *explain.Together) []Help {
	var all []string
	for _, s := range t.Unfound {
		if explain.Kubernetes(s.Text) {
			all = append(all, fmt.Sprintf("on %s, see to what kube-scheduler says (%s): moorage does not see it, as where files hold only some pods, or do not say what nodes have",
				text.First(t.Fits.First, len(t.Fits.First), t.Fits.Nodes), s.Text))
			continue
		}
		all = append(all, fmt.Sprintf("look at what gives kube-scheduler the reason '%s': it is of nothing that moorage looks at, such as dynamic resources, another plugin or an extender", s.Text))
	}
	return asHelp(all)
}

// nodesThen is on how many nodes the pod fits after a change.
func nodesThen(c *explain.Change) int {
	if c.Beside != nil {
		return c.Beside.Nodes
	}
	return c.Fits.Nodes
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
	case joint.RecoverNode:
		return recoverNode(h)
	case joint.ReduceRequest:
		return fmt.Sprintf("have the pod request less: %s has %s left for it", h.Node, text.And(rooms(h.Room)))
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
		if len(h.Room) > 0 {
			what = fmt.Sprintf("add a node like %s, with at least %s for pods and nothing on it", h.Node, text.And(rooms(h.Room)))
		}
		if len(h.Labels) > 0 {
			what += ", with the label " + text.And(pairsOf(h.Labels)) + notKnownBefore(among(e.Together.SetBy, h.Labels))
		}
		return what
	case joint.MoveVolume:
		v := &e.Together.Volumes[h.Volume]
		return fmt.Sprintf("recreate the volume of %s where the pod can be, from a snapshot or a copy of its data", subject(v))
	default:
		return ""
	}
}

// recoverNode says what makes a node well again.
func recoverNode(h *joint.Help) string {
	var parts []string
	for i := range h.Taints {
		var what string
		switch t := &h.Taints[i]; t.Key {
		case corev1.TaintNodeMemoryPressure:
			what = fmt.Sprintf("free memory on node %s", h.Node)
		case corev1.TaintNodeDiskPressure:
			what = fmt.Sprintf("free disk space on node %s", h.Node)
		case corev1.TaintNodePIDPressure:
			what = fmt.Sprintf("end processes on node %s", h.Node)
		case corev1.TaintNodeNetworkUnavailable:
			what = fmt.Sprintf("see why the network of node %s is not set up (its network plugin)", h.Node)
		case taintUninitialized:
			what = fmt.Sprintf("wait until cloud-controller-manager has initialized node %s; where that lasts, look at its log", h.Node)
		case corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable, corev1.TaintNodeOutOfService, taintShutdown:
			what = fmt.Sprintf("bring node %s back", h.Node)
		default:
			what = fmt.Sprintf("wait until taint %s is taken off node %s by the agent that it is for; where that lasts, look at that agent's pod there", t.ToString(), h.Node)
		}
		if !slices.Contains(parts, what) {
			parts = append(parts, what)
		}
	}
	return text.And(parts)
}

// among are those that a driver sets, of labels.
func among(setBy, labels map[string]string) map[string]string {
	out := map[string]string{}
	for label := range labels {
		if driver := setBy[label]; driver != "" {
			out[label] = driver
		}
	}
	return out
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
