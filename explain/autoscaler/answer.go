// SPDX-License-Identifier: Apache-2.0

package autoscaler

import (
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/explain/event"
)

// Question is a pod that waits for a node.
type Question struct {
	Pod *corev1.Pod
	// Created tells that the pod is in the cluster, so that its status says something.
	Created bool
	// Events are those of the pod, the newest first, and Unread why some may be missing.
	Events []event.Event
	Unread string
	Cluster
	Now time.Time
	Found
}

// Found is what was found of the pod and the nodes.
type Found struct {
	// Held tells that the pod waits for something before any scheduler looks at nodes.
	Held bool
	// Free are the nodes that an autoscaler of the name takes to have room for the pod, and that are refused for what it does not look at.
	Free map[Name]Free
	// NoNewNode tells that a node which is added would be refused too.
	NoNewNode bool
	// Label is one that the pod's place asks for and that Driver sets on a node when it starts there; both empty for none.
	Label, Driver string
	// PoolClass is a class whose pools are each of one node: what a new one would bring is published only once its driver runs there.
	PoolClass string
	// Fits tells that nothing was found that keeps the pod from a node which is there.
	Fits bool
	// Unseen is why nothing is known of nodes; empty where it is.
	Unseen string
}

// Free are nodes that an autoscaler takes to be free for the pod.
type Free struct {
	// Nodes is how many they are, and First the first of their names.
	Nodes int      `json:"nodes"`
	First []string `json:"first"`
	// Predicates refuse the pod there, in their order.
	Predicates []string `json:"predicates"`
}

// Why is the reason for which an autoscaler adds no node.
type Why string

// The reasons, in the order in which they count.
const (
	// NotMarked is a pod that kube-scheduler has not marked Unschedulable: autoscalers look at no others.
	NotMarked Why = "NotMarkedUnschedulable"
	// OfDaemonSet is a pod whose DaemonSet follows nodes, and does not make them.
	OfDaemonSet Why = "DaemonSet"
	// HeldBack is a pod that waits for something else than a node.
	HeldBack Why = "HeldBack"
	// Coming is a node on its way.
	Coming Why = "NodeOnItsWay"
	// NotNeeded is a pod that fits as things are.
	NotNeeded Why = "FitsAsThingsAre"
	// NoNewNode is a pod that a node more would not help.
	NoNewNode Why = "NoNewNodeHelps"
	// TakenToFit is a pod that the autoscaler takes to fit on a node which is there.
	TakenToFit Why = "TakenToFit"
	// LabelOfDriver is a place that depends on a label which a driver sets when it runs.
	LabelOfDriver Why = "LabelOfDriver"
	// PoolUnknown is room that a new node would bring and that nobody has published.
	PoolUnknown Why = "PoolUnknown"
	// GroupsFull is that every node group has as many nodes as it may, BackingOff that they are left alone since an attempt failed.
	GroupsFull Why = "GroupsFull"
	BackingOff Why = "BackingOff"
	// Said is that nothing was found but the autoscaler's own words.
	Said Why = "Said"
	// Unknown is that nothing is known: the autoscaler has not said anything.
	Unknown Why = "Unknown"
	// Absent is that there is no sign of an autoscaler, and nothing that would keep one from adding a node.
	Absent Why = "NoneSeen"
)

// Answer is why no node is added.
type Answer struct {
	// Seen are the autoscalers that there is a sign of.
	Seen []Name
	Why  Why
	// Reason is that of the pod's condition PodScheduled, with NotMarked; empty where it has none.
	Reason string
	Found
	// Claim is the name of the NodeClaim on its way, with what is known of it; with Coming.
	ClaimName string
	Claim     *NodeClaim
	// Full and Backoffs are node groups, of as many as All: with GroupsFull and BackingOff.
	Full     []string
	Backoffs []Backoff
	All      int
	// Words are the last that each said of the pod.
	Words []Word
	// Unknown is what could not be looked at, in sentences without a full stop.
	Unknown []string
	// Now is the time of the answer; zero where that is not known.
	Now time.Time
}

// fresh is how long ago an autoscaler may have begun something that is still taken to be on its way.
const fresh = 15 * time.Minute

// Of answers for a pod.
func Of(q Question) *Answer {
	pod := event.Object{Kind: "Pod", Namespace: q.Pod.Namespace, Name: q.Pod.Name}
	a := &Answer{Found: q.Found, Words: wordsOf(q.Events, pod), Now: q.Now}
	a.see(&q)
	a.unknown(&q)
	a.Why = a.why(&q)
	return a
}

// see notes which autoscalers there is a sign of.
func (a *Answer) see(q *Question) {
	seen := maps.Clone(q.OnNodes)
	if seen == nil {
		seen = map[Name]bool{}
	}
	for i := range a.Words {
		seen[a.Words[i].By] = true
	}
	seen[ClusterAutoscaler] = seen[ClusterAutoscaler] || q.Status != nil
	seen[Karpenter] = seen[Karpenter] || len(q.Claims) > 0
	for _, name := range []Name{ClusterAutoscaler, Karpenter} {
		if seen[name] {
			a.Seen = append(a.Seen, name)
		}
	}
}

func (a *Answer) unknown(q *Question) {
	for _, gap := range []struct{ what, why string }{
		{"what autoscalers said of the pod", q.Unread},
		{"Karpenter's NodeClaims", q.ClaimsUnread},
		{"cluster-autoscaler's status", q.StatusUnread},
		{"which nodes an autoscaler takes to be free", q.Unseen},
	} {
		if gap.why != "" {
			a.Unknown = append(a.Unknown, gap.what+": "+gap.why)
		}
	}
}

func (a *Answer) why(q *Question) Why {
	if owner := metav1.GetControllerOfNoCopy(q.Pod); owner != nil && owner.Kind == "DaemonSet" {
		return OfDaemonSet
	}
	if q.Held {
		return HeldBack
	}
	if q.Created {
		if reason, marked := marked(q.Pod); !marked {
			a.Reason = reason
			return NotMarked
		}
	}
	switch {
	case a.coming(q):
		return Coming
	case q.Fits:
		return NotNeeded
	case q.NoNewNode:
		return NoNewNode
	case a.takenToFit():
		return TakenToFit
	case q.Label != "":
		return LabelOfDriver
	case q.PoolClass != "":
		return PoolUnknown
	case a.exhausted(q):
		if len(a.Backoffs) > 0 {
			return BackingOff
		}
		return GroupsFull
	case len(a.Words) > 0:
		return Said
	case len(a.Seen) > 0:
		return Unknown
	default:
		return Absent
	}
}

// marked reports whether kube-scheduler has marked the pod as unschedulable, and what it says instead.
func marked(pod *corev1.Pod) (reason string, marked bool) {
	for i := range pod.Status.Conditions {
		if c := &pod.Status.Conditions[i]; c.Type == corev1.PodScheduled {
			return c.Reason, c.Status == corev1.ConditionFalse && c.Reason == corev1.PodReasonUnschedulable
		}
	}
	return "", false
}

// coming looks for a node that was asked for, on account of this pod, and takes no pods yet.
func (a *Answer) coming(q *Question) bool {
	for i := range a.Words {
		w := &a.Words[i]
		if q.Now.IsZero() || q.Now.Sub(w.Last) > fresh {
			continue
		}
		switch {
		case w.Say == ScaleUp:
			return true
		case w.Say == Nominated && w.NodeClaim != "":
			claim, known := q.Claims[w.NodeClaim]
			switch {
			case known && !claim.Ready:
				a.ClaimName, a.Claim = w.NodeClaim, &claim
				return true
			case !known && q.ClaimsUnread != "" && w.Node == "":
				a.ClaimName = w.NodeClaim
				return true
			}
		}
	}
	return false
}

// takenToFit reports whether one of the autoscalers that may be there takes nodes to be free.
func (a *Answer) takenToFit() bool {
	for _, name := range a.Asked() {
		if a.Free[name].Nodes > 0 {
			return true
		}
	}
	return false
}

// Asked are the autoscalers that the answer is about: those that are seen, or all.
func (a *Answer) Asked() []Name {
	if len(a.Seen) > 0 {
		return a.Seen
	}
	return []Name{ClusterAutoscaler, Karpenter}
}

// exhausted reports whether cluster-autoscaler can add a node to none of its groups now.
func (a *Answer) exhausted(q *Question) bool {
	if q.Status == nil || len(q.Status.Groups) == 0 {
		return false
	}
	full, off := q.Status.full(), q.Status.backingOff()
	a.All = len(q.Status.Groups)
	able := slices.ContainsFunc(q.Status.names(), func(name string) bool {
		return !slices.Contains(full, name) && !slices.ContainsFunc(off, func(b Backoff) bool { return b.Group == name })
	})
	if able {
		return false
	}
	a.Full, a.Backoffs = full, off
	return true
}
