// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/explain/joint"
	"github.com/moorage-k8s/moorage/nodefit"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// verdict is where a pod can go.
type verdict struct {
	pod     *topology.Pod
	demand  *placement.Demand
	volumes *placement.Verdict
	// others and answer are what decides beside volumes, and what both halves say; nil where that is not known.
	others *nodefit.Cluster
	answer *joint.Answer
	// passed are the nodes that pass the pod, candidates those of them that take pods.
	passed, candidates topology.NodeSet
}

// ask asks where a pod can go: both halves, as explain does, where both are known.
func (m *simulation) ask(p *planned, pod *topology.Pod) *verdict {
	v := &verdict{pod: pod}
	if m.others != nil && p.pod != nil {
		v.others = m.others.Cluster()
		v.answer = joint.Ask(joint.Question{Snapshot: m.s, Engine: m.Engine, Others: v.others, Pod: p.pod})
		v.demand, v.volumes, v.passed = v.answer.Demand, v.answer.Volumes, v.answer.Feasible
		for _, unknown := range v.answer.Filters.Unknown {
			if !slices.Contains(m.result.Unknown, unknown) {
				m.result.Unknown = append(m.result.Unknown, unknown)
			}
		}
	} else {
		v.demand = placement.NewDemand(m.s, pod)
		v.volumes = m.Engine.Filter(m.s, v.demand)
		v.passed = v.volumes.Feasible
	}
	v.candidates = v.passed.Clone()
	if held(v.demand) {
		v.candidates.Clear()
		return v
	}
	m.restrict(v, p)
	return v
}

// restrict takes out the nodes that take no pods. Where only volumes are known, what a node's name and labels tell counts too.
func (m *simulation) restrict(v *verdict, p *planned) {
	if v.answer != nil {
		// kube-scheduler goes by taints; that a node which is not ready has one is a controller's work, and may be left out of files.
		for i := range v.candidates.All() {
			if closed := m.places.Closed(i); closed != "" && closed != topology.Cordoned && p.only == "" {
				v.candidates.Remove(i)
			}
		}
		return
	}
	v.candidates.And(m.s.Open())
	if p.pod == nil {
		return
	}
	affinity := nodeaffinity.GetRequiredNodeAffinity(p.pod)
	for i := range v.candidates.All() {
		node := m.s.Node(i)
		object := corev1.Node{}
		object.Name, object.Labels = node.Name, node.Labels
		if ok, err := affinity.Match(&object); err == nil && !ok || p.only != "" && node.Name != p.only {
			v.candidates.Remove(i)
		}
	}
}

// best is the candidate with the highest score; of as many those in the zone and on the node with the fewest pods of the workload, and then
// the first by name. Negative where there is none.
func (m *simulation) best(p *planned, v *verdict) int {
	scores := m.score(p, v)
	best := -1
	for i := range v.candidates.All() {
		if best < 0 || m.compare(p, scores, i, best) < 0 {
			best = i
		}
	}
	return best
}

func (m *simulation) compare(p *planned, scores func(i int) int64, a, b int) int {
	return cmp.Or(
		cmp.Compare(scores(b), scores(a)),
		cmp.Compare(m.inZone[[2]string{p.workload, m.places.Zone(a)}], m.inZone[[2]string{p.workload, m.places.Zone(b)}]),
		cmp.Compare(m.onNode[[2]string{p.workload, m.s.Node(a).Name}], m.onNode[[2]string{p.workload, m.s.Node(b).Name}]),
	)
}

// mostExplained is of how many nodes the answer says what they lack, of all pods together: there may be thousands of both.
const mostExplained = 200_000

// unplaced is why no node takes the pod.
func (m *simulation) unplaced(p *planned, v *verdict) *Unplaced {
	u := &Unplaced{Only: p.only, Allowed: v.passed.Len(), Of: m.s.NumNodes()}
	question := explain.Question{Snapshot: m.s, Engine: m.Engine, Pod: v.pod}
	if v.answer != nil && !held(v.demand) {
		if m.explained > 0 && m.explained+u.Of > mostExplained {
			u.Message = v.answer.Message()
			return u
		}
		m.explained += u.Of
		question.Others, question.Whole, u.Closed = v.others, p.pod, true
	}
	if u.Nowhere = explain.Nowhere(question); u.Nowhere != nil {
		return u
	}
	if i, known := m.s.NodeIndex(p.only); known && !v.volumes.Feasible.Has(i) {
		u.RuledOut = v.volumes.Refusal(i).Reason.String()
	}
	return u
}
