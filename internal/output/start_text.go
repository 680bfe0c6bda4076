// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/explain/event"
	"github.com/moorage-k8s/moorage/explain/start"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/text"
)

// stateOf is how far a pod is, for programs.
func stateOf(e *explain.Explanation) string {
	switch {
	case e.Ended:
		return "ended"
	case e.Start != nil:
		return string(e.Start.State)
	case e.Held:
		return "held"
	case e.Node == "" && e.Fits:
		return stateSchedulable
	case e.Node == "":
		return stateUnschedulable
	default:
		return stateUnbound
	}
}

// The states of a pod whose answer is about nodes.
const stateSchedulable, stateUnschedulable, stateUnbound = "schedulable", "unschedulable", "unbound"

// startCause is the cause of a pod that hangs, for programs; nil for another.
func (w causeWords) startCause(e *explain.Explanation, headline string) *TrueCause {
	if e.Start == nil || !e.Start.Blocked() {
		return nil
	}
	s := w.ofStart(e)
	out := &TrueCause{Kind: onlyOfVolumes, Summary: headline, Constraints: []explain.Lack{}}
	if e.Start.State != start.Hanging {
		out.Kind = "node"
	}
	for i := range s.Faults {
		out.Constraints = append(out.Constraints, explain.Lack{By: byVolume, Name: faultNames[s.Faults[i].Kind], Evidence: s.clause(&s.Faults[i])})
	}
	return out
}

// faultNames are the kinds of faults for programs.
var faultNames = map[start.Kind]string{
	start.DriverMissing: "driver", start.OutOfPlace: "place", start.DataMissing: "data", start.HeldElsewhere: "heldElsewhere", start.AttachFails: "attachError", start.AttachSilent: "notAttached",
	start.NotAsked: "notAttached", start.SaidByEvent: "event", start.OfContainer: "container",
}

// Attachment is a VolumeAttachment, for programs.
type Attachment struct {
	Name string `json:"name"`
	Node string `json:"node"`
	// State is attached, detaching, or asked for: not attached.
	State string `json:"state"`
	// Error is what the driver said last of attaching or detaching it.
	Error string `json:"error,omitempty"`
	// NodeGone tells that the node is not in the cluster.
	NodeGone   bool     `json:"nodeGone,omitempty"`
	Finalizers []string `json:"finalizers,omitempty"`
}

// The states of an attachment.
const attached, detaching, askedFor = "attached", "detaching", "notAttached"

func attachmentsOf(list []start.Attachment) []Attachment {
	var out []Attachment
	for i := range list {
		a := &list[i]
		told := Attachment{Name: a.Name, Node: a.Node.Name, State: askedFor, NodeGone: a.Node.Gone, Finalizers: a.Finalizers}
		switch {
		case a.Deleting:
			told.State = detaching
		case a.Attached:
			told.State = attached
		}
		for _, said := range []*start.Said{a.AttachError, a.DetachError} {
			if said != nil {
				told.Error = said.Message
			}
		}
		out = append(out, told)
	}
	return out
}

// attachmentWords say how a volume is attached to a node.
func attachmentWords(a *Attachment) string {
	node, failing := a.Node, ""
	if a.NodeGone {
		node += ", which is not in the cluster any more,"
	}
	if a.Error != "" {
		failing = ", fails: " + spoken(event.Words(a.Error))
	}
	switch a.State {
	case attached:
		return strings.TrimSuffix(node, ",")
	case detaching:
		if len(a.Finalizers) > 0 {
			failing += "; finalizer " + text.And(a.Finalizers)
		}
		return fmt.Sprintf("%s (being detached%s)", node, failing)
	default:
		return fmt.Sprintf("%s (not attached%s)", node, failing)
	}
}

// mostEvents is how many events are shown.
const mostEvents = 6

func eventsText(out *bytes.Buffer, events []Event) {
	rows := [][]string{{"LAST SEEN", "TIMES", "FROM", "WARNING EVENT"}}
	for i := range events {
		e := &events[i]
		if i == mostEvents {
			rows = append(rows, []string{"", "", "", fmt.Sprintf("%d more; -o json tells all", len(events)-i)})
			break
		}
		last := "-"
		if !e.Last.IsZero() {
			last = e.Last.UTC().Format("2006-01-02T15:04:05Z")
		}
		rows = append(rows, []string{last, fmt.Sprint(e.Count), orDash(e.By), e.Reason + ": " + plain.Line(e.Message)})
	}
	text.Table(out, width, rows)
}
