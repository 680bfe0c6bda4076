// SPDX-License-Identifier: Apache-2.0

package autoscaler

import (
	"slices"
	"strings"
	"time"

	"github.com/moorage-k8s/moorage/explain/event"
)

// Name is that of an autoscaler.
type Name string

// The autoscalers that are known.
const (
	ClusterAutoscaler Name = "cluster-autoscaler"
	Karpenter         Name = "Karpenter"
)

// Say is what an autoscaler says of a pod.
type Say string

// What autoscalers say.
const (
	// NoScaleUp is cluster-autoscaler's word that no node group would help, ScaleUp that it asked one for nodes.
	NoScaleUp Say = "NoScaleUp"
	ScaleUp   Say = "ScaleUp"
	// Nominated is Karpenter's word on which node, or NodeClaim of one to come, it takes the pod to go; Failed that it can make none for it.
	Nominated Say = "Nominated"
	Failed    Say = "Failed"
)

// Word is what an autoscaler said of a pod.
type Word struct {
	By      Name      `json:"by"`
	Say     Say       `json:"say"`
	Message string    `json:"message"`
	Last    time.Time `json:"last,omitzero"`
	// NodeClaim and Node are those that Karpenter named.
	NodeClaim string `json:"nodeClaim,omitempty"`
	Node      string `json:"node,omitempty"`
}

// The reasons of events by which autoscalers speak of pods. Karpenter's failures have the reason of kube-scheduler's own.
const (
	notTriggerScaleUp = "NotTriggerScaleUp"
	triggeredScaleUp  = "TriggeredScaleUp"
	nominated         = "Nominated"
	failedScheduling  = "FailedScheduling"
)

// Normal are the reasons of those of their events that are no warnings.
var Normal = []string{notTriggerScaleUp, triggeredScaleUp, nominated}

// karpenter is the component of Karpenter's events; so is that of its distributions, such as karpenter.azure.com.
const karpenter = "karpenter"

// wordOf reads an event of a pod; ok is false where it is no autoscaler's.
func wordOf(e *event.Event) (w Word, ok bool) {
	w = Word{Message: e.Message, Last: e.Last}
	switch {
	case e.Reason == notTriggerScaleUp:
		w.By, w.Say = ClusterAutoscaler, NoScaleUp
	case e.Reason == triggeredScaleUp:
		w.By, w.Say = ClusterAutoscaler, ScaleUp
	case e.Reason == nominated && strings.Contains(e.By, karpenter):
		w.By, w.Say = Karpenter, Nominated
		for part := range strings.FieldsFuncSeq(e.Message, func(r rune) bool { return r == ' ' || r == ',' }) {
			if name, found := strings.CutPrefix(part, "nodeclaim/"); found {
				w.NodeClaim = name
			} else if name, found := strings.CutPrefix(part, "node/"); found {
				w.Node = name
			}
		}
	case e.Reason == failedScheduling && strings.Contains(e.By, karpenter):
		w.By, w.Say = Karpenter, Failed
	default:
		return Word{}, false
	}
	return w, true
}

// wordsOf are the last words of each autoscaler about the pod, by name; the events are the newest first.
func wordsOf(events []event.Event, pod event.Object) []Word {
	var out []Word
	for i := range events {
		w, ok := wordOf(&events[i])
		if !ok || events[i].Object.Kind != pod.Kind || events[i].Object.Name != pod.Name {
			continue
		}
		if !slices.ContainsFunc(out, func(known Word) bool { return known.By == w.By }) {
			out = append(out, w)
		}
	}
	slices.SortFunc(out, func(a, b Word) int { return strings.Compare(string(a.By), string(b.By)) })
	return out
}
