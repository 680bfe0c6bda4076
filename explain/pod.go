// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"slices"

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
}

// Pod explains where a pod could land.
func Pod(question Question) *Explanation {
	q := ask(question)
	e := &Explanation{
		Pod:  Object{Kind: "Pod", Namespace: q.Pod.Namespace, Name: q.Pod.Name},
		Node: q.Pod.Node, Said: q.Said,
		Fits: !q.held() && !q.v.Feasible.Empty(), Held: q.held(),
		Volumes: q.volumes(), Constraints: q.constraints(), Reservations: q.reservations(ReservationsOf), Uncertain: q.reservations(UncertainOf),
		Known: KnownOf(q.Snapshot),
	}
	for _, u := range q.v.Undecided {
		e.Undecided = append(e.Undecided, Undecided{Volume: u.Volume, Cause: string(u.Cause), Detail: u.Detail})
	}
	q.rateNodes(e)
	e.Group = q.schedulingGroup()
	e.Headline = q.headline(e)
	if !e.Fits {
		e.Message = q.message()
		if e.Changes = q.changes(); len(e.Changes) > 0 {
			e.Suggestion = e.Changes[0].What
		}
	}
	return e
}

// Cause is the headline for a pod that fits nowhere, without the rest of the explanation; empty where it fits.
func Cause(question Question) string {
	q := ask(question)
	if !q.held() && !q.v.Feasible.Empty() {
		return ""
	}
	return q.headline(&Explanation{})
}

// asked is a question with the engine's answer.
type asked struct {
	Question
	d      *placement.Demand
	v      *placement.Verdict
	causes []cause
	zones  zones
}

func ask(question Question) *asked {
	q := &asked{Question: question, d: placement.NewDemand(question.Snapshot, question.Pod)}
	q.v = q.Engine.Filter(q.Snapshot, q.d)
	q.causes = causesOf(q.v)
	q.zones = zonesOf(q.Snapshot)
	return q
}

// held tells whether kube-scheduler holds the pod back before it looks at nodes.
func (q *asked) held() bool {
	return slices.ContainsFunc(q.d.Volumes, func(v placement.Volume) bool { return v.State == placement.Held })
}

// rateNodes fills in what is said of each node.
func (q *asked) rateNodes(e *Explanation) {
	scores := q.Engine.Score(q.Snapshot, q.v, q.v.Feasible)
	e.Scorers = scores.Names
	e.Nodes = make([]Node, q.Snapshot.NumNodes())
	for i := range e.Nodes {
		n := &e.Nodes[i]
		node := q.Snapshot.Node(i)
		n.Name, n.Zone = node.Name, q.zones.Zone(i)
		n.Note = q.zones.Closed(i)
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
				n.causes = append(n.causes, c)
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
