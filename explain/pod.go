// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/explain/event"
	"github.com/moorage-k8s/moorage/explain/joint"
	"github.com/moorage-k8s/moorage/explain/start"
	"github.com/moorage-k8s/moorage/nodefit"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// Question is a pod on a snapshot.
type Question struct {
	Snapshot *topology.Snapshot
	Engine   *placement.Engine
	Pod      *topology.Pod
	// Said is what kube-scheduler last said of the pod; empty where that is not known.
	Said string
	// SaidAt is when, and Changed when last something changed that is seen of nodes and of pods on them; zero where that is not known.
	SaidAt, Changed time.Time
	// Others and Whole are what decides beside volumes: nil where that is not known, and Unseen says why.
	Others *nodefit.Cluster
	Whole  *corev1.Pod
	Unseen string
	// Events are the Warning events of the pod, its claims and their volumes, the newest first; Unread says why some may be missing.
	Events []event.Event
	Unread string
	// Claims are those of which more is known than the snapshot keeps (InFull), where it was kept. Schedulers are those that are seen to look
	// at pods, by name; nil where that is not known, or does not matter yet.
	Claims     map[topology.Key]*corev1.PersistentVolumeClaim
	Schedulers map[string]bool
	// Group is the pod's scheduling group, where it is known that too few of its members are there.
	Group *GroupOfFew
	// Pods returns a pod in full, where that is known; it may be nil. It is for other pods than the one that is asked about.
	Pods func(topology.Key) *corev1.Pod
	// Unlisted are kinds of which not all objects, or none, could be read.
	Unlisted []topology.Kind
	// ClaimsUnseen tells that claims of the pod's namespace are among them.
	ClaimsUnseen bool
	// Brief leaves out what would help: it is for lists, which give the cause of many pods.
	Brief bool
	// Objects are whole objects of the cluster, and Now the time of the answer, for a pod that has its node; either may be missing.
	Objects start.Objects
	Now     time.Time
	// Seen is the newest time in what is known of the pod and around it, where it is read from files: the answer is no earlier than that.
	Seen time.Time
	// Autoscalers is what was read of autoscalers; nil where nobody asks for them.
	Autoscalers *Autoscalers
}

// Pod explains where a pod could land.
func Pod(question Question) *Explanation {
	if Blind(question.Unlisted) {
		return seen(question)
	}
	q := ask(question)
	e := q.outline()
	e.Said, e.Events = q.Said, q.Events
	before := q.before()
	for i := range q.causes {
		e.Causes = append(e.Causes, q.describe(&q.causes[i]))
	}
	e.Nowhere = q.nowhere()
	e.Together, e.Unknown = q.blame(e.Causes), q.unknown()
	e.Volumes, e.Reservations, e.Uncertain = q.volumes(), q.reservations(ReservationsOf), q.reservations(UncertainOf)
	for _, u := range q.v.Undecided {
		e.Undecided = append(e.Undecided, Undecided{Volume: u.Volume, Cause: string(u.Cause), Detail: u.Detail})
	}
	if e.Start = q.start(); e.Start != nil {
		e.Fits, e.Held, e.HeldBy, e.Pinned = !e.Start.Blocked(), false, nil, nil
		if e.Start.State != start.Runs && q.Unread != "" {
			e.Unknown = append(e.Unknown, "Warning events, which would say more: "+q.Unread)
		}
	}
	q.rateNodes(e)
	e.Group = q.schedulingGroup()
	if !e.Fits && e.Start == nil && !q.Brief && before == nil {
		e.Reasons = q.reasons()
		q.help(e)
	}
	if before != nil {
		then := *e
		then.Said = ""
		e.Before, e.Then, e.Held, e.Fits = before, &then, true, false
		e.Together, e.Unknown = nil, nil
	}
	e.Autoscaler = q.autoscalers(e)
	return e
}

// start is why a pod that has its node does not run there; nil for one that has none, has ended, or waits for claims to be bound.
func (q *asked) start() *start.Answer {
	if q.Pod.Node == "" || q.Pod.Terminal || q.Whole == nil {
		return nil
	}
	a := start.Of(start.Question{
		Objects: q.Objects, Snapshot: q.Snapshot, Pod: q.Whole, Volumes: q.d.Volumes, Events: q.Events, Now: q.Now, Seen: q.Seen,
	})
	unbound := slices.ContainsFunc(q.d.Volumes, func(v placement.Volume) bool { return v.State == placement.Held || v.State == placement.Delayed })
	if unbound && q.Whole.Status.Phase != corev1.PodRunning && a.State != start.Deleting && a.State != start.DeletingLong {
		return nil
	}
	return a
}

// Nowhere explains why no node takes a pod, in short: nothing is said of volumes and changes. Where only volumes are looked at, the causes
// are the fewest that rule out every node, and nothing is said of nodes. It is nil where the pod fits.
func Nowhere(question Question) *Explanation {
	q := ask(question)
	e := q.outline()
	if e.Fits {
		return nil
	}
	if q.joint != nil {
		for i := range q.causes {
			e.Causes = append(e.Causes, q.describe(&q.causes[i]))
		}
		e.Nowhere, e.Nodes = q.nowhere(), q.namedNodes()
		e.Together, e.Unknown = q.blame(e.Causes), q.unknown()
		return e
	}
	for n, i := range q.nowhere() {
		e.Causes = append(e.Causes, q.describe(&q.causes[i]))
		e.Nowhere = append(e.Nowhere, n)
	}
	return e
}

// outline is what is said of any pod.
func (q *asked) outline() *Explanation {
	e := &Explanation{
		Pod:  Object{Kind: "Pod", Namespace: q.Pod.Namespace, Name: q.Pod.Name},
		Node: q.Pod.Node, Ended: q.Pod.Terminal, Failed: failed(q.Whole),
		Held: q.held(), HeldBy: q.heldBy(), Pinned: q.pinned(),
		Allowed: q.v.Feasible.Len(), Known: KnownOf(q.Snapshot),
	}
	if e.Held && q.runs() {
		e.Held, e.HeldBy = false, nil // What would hold a new pod back does not touch this one.
	}
	if q.Pod.Node == "" && !q.Pod.Terminal {
		e.Unserved, e.Failing = q.unservedVolumes(), q.failing()
	}
	e.Fits = !e.Held && len(e.Pinned) == 0 && len(e.Unserved) == 0 && len(e.Failing) == 0 && q.fits()
	return e
}

// failed is why a pod has ended otherwise than well, where it says that.
func failed(pod *corev1.Pod) string {
	if pod == nil || pod.Status.Phase != corev1.PodFailed {
		return ""
	}
	return strings.TrimSuffix(strings.TrimPrefix(pod.Status.Reason+": "+pod.Status.Message, ": "), ": ")
}

// runs reports whether the pod has started.
func (q *asked) runs() bool {
	return q.Pod.Node != "" && q.Whole != nil && q.Whole.Status.Phase == corev1.PodRunning
}

// fits reports whether a node is left, as far as is known.
func (q *asked) fits() bool {
	if q.joint != nil {
		return !q.joint.Feasible.Empty() && q.doubted.Size() == 0
	}
	return !q.v.Feasible.Empty()
}

// nowhere is Explanation.Nowhere.
func (q *asked) nowhere() []int {
	if !q.v.Feasible.Empty() {
		return nil
	}
	return q.smallest()
}

// asked is a question with the engine's answer.
type asked struct {
	Question
	d      *placement.Demand
	v      *placement.Verdict
	causes []cause
	zones  zones
	// joint is the answer of both halves; nil where only volumes are looked at. Doubted are the nodes that both pass, where kube-scheduler
	// has a reason against them that cannot be looked at.
	joint   *joint.Answer
	doubted topology.NodeSet
	newest  bool
}

func ask(question Question) *asked {
	q := &asked{Question: question}
	if q.askTogether(&question); q.d == nil {
		q.d = placement.NewDemand(question.Snapshot, question.Pod)
		q.v = q.Engine.Filter(q.Snapshot, q.d)
	}
	q.causes = causesOf(q.v)
	q.zones = zonesOf(q.Snapshot)
	return q
}

// held reports whether kube-scheduler holds the pod back before it looks at nodes.
func (q *asked) held() bool {
	return slices.ContainsFunc(q.d.Volumes, func(v placement.Volume) bool { return v.State == placement.Held })
}

// namedNodes are all nodes, where they are and whether they take pods.
func (q *asked) namedNodes() []Node {
	nodes := make([]Node, q.Snapshot.NumNodes())
	for i := range nodes {
		nodes[i] = Node{Name: q.Snapshot.Node(i).Name, Zone: q.zones.Zone(i), Note: q.zones.Closed(i)}
	}
	return nodes
}

// rateNodes fills in what is said of each node.
func (q *asked) rateNodes(e *Explanation) {
	scores := q.Engine.Score(q.Snapshot, q.v, q.v.Feasible)
	e.Scorers = scores.Names
	e.Nodes = q.namedNodes()
	for i := range e.Nodes {
		n := &e.Nodes[i]
		if n.Fits = q.v.Feasible.Has(i); n.Fits {
			score := scores.Node(i)
			n.Score, n.Scores = &score, map[string]float64{}
			for j, name := range scores.Names {
				n.Scores[name] = scores.Part(j, i)
			}
			n.Demoted = q.v.Demoted.Size() > 0 && q.v.Demoted.Has(i)
			continue
		}
		for c := range q.causes {
			if q.causes[c].nodes.Has(i) {
				n.Causes = append(n.Causes, c)
				if reason := q.causes[c].reason.String(); !slices.Contains(n.Reasons, reason) {
					n.Reasons = append(n.Reasons, reason)
				}
			}
		}
		n.Code = q.v.Refusal(i).Reason.Code().String()
	}
}

// KnownOf counts what a snapshot holds.
func KnownOf(s *topology.Snapshot) Known {
	return Known{
		Nodes: s.NumNodes(), Pods: s.Len(topology.KindPod), Claims: s.Len(topology.KindClaim),
		Volumes: s.Len(topology.KindVolume), Pools: s.Len(topology.KindPool),
	}
}
