// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/extender/decisions"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// ExplainOutputs are the forms that explanations can be written in.
var ExplainOutputs = []string{"text", "wide", "json", "yaml"}

// Explanation is where a pod could land as far as its volumes go, and why not elsewhere.
type Explanation struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	Pod        explain.Object `json:"pod"`
	// Node is where the pod is already; left out while it waits.
	Node string `json:"node,omitempty"`
	// State is how far it is: held, unschedulable, schedulable, unbound (it has its node, and a claim that is not bound), starting, hanging
	// (because of a volume), failing (for another reason), nodeLost, running, deleting, deletingLong, ended.
	State string `json:"state"`
	// Fits reports whether some node can take the pod, and kube-scheduler does not hold it back before it looks at nodes; or of a pod that has
	// its node, that nothing but its own containers keeps it from running there.
	Fits bool `json:"fits"`
	// Held tells that kube-scheduler holds the pod back before it looks at nodes: a claim is missing, say.
	Held bool `json:"held,omitempty"`
	// Headline is the cause, in one sentence.
	Headline string `json:"headline"`
	// Cause is what is to blame for a waiting pod that fits nowhere, out of volumes and all else. Left out where only volumes were looked at.
	Cause *TrueCause `json:"cause,omitempty"`
	// Suggestion is the smallest change after which the pod fits: the first of Changes, in words. Left out where it fits, and where no
	// change was found.
	Suggestion string   `json:"suggestion,omitempty"`
	Changes    []Change `json:"changes,omitempty"`
	// Help are changes to volumes and to all else after which the pod fits, the smallest first. Left out where only volumes were looked at.
	Help []Help `json:"help,omitempty"`
	// Message is how the event of the pod begins where kube-scheduler has no other reason than those that were looked at: its own texts, with
	// the number of nodes. Left out where the pod fits somewhere.
	Message string `json:"message,omitempty"`
	// Said is what kube-scheduler last wrote into the pod's status, where the pod was read from a cluster.
	Said string `json:"said,omitempty"`
	// Events are the Warning events of the pod, its claims and their volumes, the newest first.
	Events []Event `json:"events,omitempty"`
	// Autoscaler is why autoscalers add no node, where that was asked and the pod waits for one.
	Autoscaler *Autoscaler `json:"autoscaler,omitempty"`
	// Unknown is what was not looked at.
	Unknown      []string              `json:"unknown,omitempty"`
	Undecided    []explain.Undecided   `json:"undecided,omitempty"`
	Volumes      []Volume              `json:"volumes"`
	Constraints  []Constraint          `json:"constraints"`
	Reservations []explain.Reservation `json:"reservations,omitempty"`
	// Uncertain are reservations that may be in the published capacity already.
	Uncertain []explain.Reservation    `json:"uncertainReservations,omitempty"`
	Group     *explain.SchedulingGroup `json:"group,omitempty"`
	Scorers   []string                 `json:"scorers,omitempty"`
	Nodes     []explain.Node           `json:"nodes"`
	Known     explain.Known            `json:"known"`
	// Decisions are what a running moorage answered about the pod, the newest first, where one was asked.
	Decisions []decisions.Decision `json:"decisions,omitempty"`

	// unjudged tells that nothing is said of nodes.
	unjudged bool
}

// TrueCause is the fewest constraints that are to blame, of volumes and of kube-scheduler's other filters.
type TrueCause struct {
	// Kind is 'volumes', 'filters', 'both', or 'unclear'; or where no node has a part, 'gate', 'scheduler', 'claim', 'driver', 'provisioning' or 'node-name': the
	// first thing that the pod waits for.
	Kind        string         `json:"kind"`
	Summary     string         `json:"summary"`
	Constraints []explain.Lack `json:"constraints"`
}

// Change is a change to the cluster after which the pod fits.
type Change struct {
	// What says it in words.
	What string `json:"what"`
	// Object is what is to be changed, deleted or added.
	Object explain.Object `json:"object"`
	// Nodes is on how many nodes the pod then fits, and Where which these are.
	Nodes int    `json:"nodes"`
	Where string `json:"where"`
}

// Volume is one volume of the pod.
type Volume struct {
	Volume string `json:"volume"`
	Claim  string `json:"claim,omitempty"`
	// State is Bound, Delayed, Inline or Held.
	State  string `json:"state"`
	Driver string `json:"driver,omitempty"`
	Class  string `json:"class,omitempty"`
	// Bytes is the size of the volume, or what the claim asks for; 0 where neither is known.
	Bytes int64 `json:"bytes,omitempty"`
	// PersistentVolume is the volume that a Bound claim has.
	PersistentVolume string `json:"persistentVolume,omitempty"`
	// Where tells a person on which nodes the volume alone would allow the pod.
	Where string `json:"where"`
	// Eliminated are numbers of nodes by the reason for which this volume rules them out.
	Eliminated map[string]int `json:"eliminated"`
}

// Constraint is one reason for which nodes are ruled out.
type Constraint struct {
	// Volume is to blame; left out where it is the pod's volumes together.
	Volume    string `json:"volume,omitempty"`
	Predicate string `json:"predicate"`
	Reason    string `json:"reason"`
	Code      string `json:"code"`
	// Nodes are how many are ruled out for it, Alone those of them that nothing else rules out.
	Nodes int `json:"nodes"`
	Alone int `json:"alone"`
	// Detail says it with names.
	Detail string `json:"detail"`
}

// ExplanationOf puts an explanation into words.
func ExplanationOf(e *explain.Explanation) *Explanation {
	w := causeWords{e.Pod.Namespace}
	out := &Explanation{
		APIVersion: apiVersion, Kind: "Explanation",
		Pod: e.Pod, Node: e.Node, State: stateOf(e), Fits: e.Fits, Held: e.Held, Headline: headlineOf(e), Message: message(e), Said: e.Said,
		Undecided: e.Undecided, Volumes: make([]Volume, len(e.Volumes)), Constraints: make([]Constraint, len(e.Causes)),
		Reservations: e.Reservations, Uncertain: e.Uncertain, Group: e.Group, Scorers: e.Scorers, Nodes: e.Nodes, Known: e.Known,
	}
	for i := range e.Changes {
		if len(e.Unserved) > 0 {
			break // What was tried is beside the point: with the driver the nodes are others.
		}
		c := &e.Changes[i]
		object := c.Object
		if c.Do == explain.AddNode {
			object.Name = newNode(c)
		}
		out.Changes = append(out.Changes, Change{What: w.change(e, c), Object: object, Nodes: nodesThen(c), Where: whereThen(c)})
	}
	if len(out.Changes) > 0 {
		out.Suggestion = out.Changes[0].What
	}
	out.Unknown, out.Events = e.Unknown, eventsOf(e.Events)
	out.Unknown, out.Help, out.Cause = e.Unknown, w.helps(e), w.trueCause(e, out.Headline)
	if len(out.Help) > 0 {
		out.Suggestion = out.Help[0].What
	}
	if t := e.Together; t != nil {
		out.Nodes = w.lacks(e)
		if t.Message != "" && len(e.Unserved) == 0 && !onlyFailing(e) {
			out.Message = t.Message
		}
	}
	if e.Start != nil {
		out.Message, out.Cause, out.Help = "", w.startCause(e, out.Headline), w.startHelp(e)
		if len(out.Help) > 0 {
			out.Suggestion = out.Help[0].What
		}
	}
	out.Autoscaler = w.autoscaler(e)
	for i := range e.Volumes {
		out.Volumes[i] = volumeOf(&e.Volumes[i])
	}
	if e.Seen != nil {
		out.Volumes, out.Message = seenVolumes(e.Seen.Claims), ""
		out.unjudged = true
	}
	for i := range e.Causes {
		c := &e.Causes[i]
		out.Constraints[i] = Constraint{
			Predicate: c.Predicate, Reason: c.Reason.String(), Code: c.Reason.Code().String(),
			Nodes: c.RuledOut.Nodes, Alone: c.Alone.Nodes, Detail: w.clause(c),
		}
		if c.Volume != nil {
			out.Constraints[i].Volume = c.Volume.Name
		}
	}
	return out
}

func volumeOf(v *explain.Volume) Volume {
	of := v.Of
	out := Volume{
		Volume: of.Name, Claim: of.ClaimName, State: of.State.String(), Driver: of.Driver(), Where: on(&v.Allowed), Eliminated: v.Eliminated,
	}
	if of.Claim != nil {
		out.Class, out.Bytes = of.Claim.Class, of.Claim.Request
	}
	if of.Volume != nil {
		out.PersistentVolume, out.Bytes = of.Volume.Name, of.Volume.Capacity
	}
	switch {
	case of.State == placement.Held:
		out.Where = "held back by kube-scheduler"
	case of.State != placement.Delayed || v.Existing+v.Provisioned == 0:
	case v.Existing == 0:
		out.Where = "provisioned " + out.Where
	case v.Provisioned == 0:
		out.Where = "an existing volume, " + out.Where
	default:
		out.Where = fmt.Sprintf("an existing volume on %s, provisioned on %d", text.Count(v.Existing, "node"), v.Provisioned)
	}
	return out
}

// Decided is what a running moorage answered about a pod.
type Decided struct {
	// Asked tells that one was asked.
	Asked     bool
	Decisions []decisions.Decision
}

// WriteExplanation writes why a pod could land where it could, and what was decided about it.
func WriteExplanation(w io.Writer, e *explain.Explanation, decided Decided, output string, color bool) error {
	value := ExplanationOf(e)
	value.Decisions = decided.Decisions
	return writeExplained(w, output, value, func(out *bytes.Buffer, wide bool) {
		explanationText(out, value, wide, color)
		if decided.Asked {
			fmt.Fprintln(out)
			decisionsText(out, decided.Decisions)
		}
	})
}

// writeExplained writes a value in one of the outputs of those who explain.
func writeExplained(w io.Writer, output string, value any, tell func(out *bytes.Buffer, wide bool)) error {
	if !slices.Contains(ExplainOutputs, output) {
		return fmt.Errorf("output %q: want text, wide, json or yaml", output)
	}
	wide := output == "wide"
	if wide {
		output = "text"
	}
	return write(w, output, value, func(out *bytes.Buffer) { tell(out, wide) })
}
