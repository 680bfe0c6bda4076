// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"cmp"
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// Question is what is to be simulated, on which cluster.
type Question struct {
	Snapshot *topology.Snapshot
	Engine   *placement.Engine
	// Workloads are placed in their order; what is none is left out. Namespace is that of those which name none.
	Workloads []runtime.Object
	Namespace string
	// Drain and LoseZone name nodes and zones that are taken away first; their pods with volumes are placed again.
	Drain, LoseZone []string
	// Progress receives how many pods of how many have been placed; it may be nil.
	Progress func(done, of int)
}

// simulation is a cluster that pods are placed on.
type simulation struct {
	Question
	draft  *topology.Draft
	s      *topology.Snapshot
	places *topology.Places
	// placed are the pods placed, by workload and zone, and by workload and node.
	inZone, onNode map[[2]string]int
	// early are claims that were provisioned before their pod had a node.
	early  map[topology.Key]bool
	result Result
}

// Run places the pods. Its error is for a question that makes no sense, or a context that ended.
func Run(ctx context.Context, question Question) (*Result, error) {
	m := &simulation{
		Question: question, draft: question.Snapshot.Draft(), s: question.Snapshot,
		inZone: map[[2]string]int{}, onNode: map[[2]string]int{}, early: map[topology.Key]bool{},
	}
	m.places = m.s.Places()
	m.result.Known = explain.KnownOf(m.s)
	pods, err := m.lose()
	if err != nil {
		return nil, err
	}
	for _, workload := range question.Workloads {
		of, err := expand(workload, question.Namespace, m.nodeNames())
		if err != nil {
			return nil, err
		}
		pods = append(pods, of...)
		m.noteUnmodelled(of)
	}
	before := m.pools()
	m.result.Fits = true
	for i, p := range pods {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err := m.place(&p); err != nil {
			return nil, err
		}
		if m.Progress != nil {
			m.Progress(i+1, len(pods))
		}
	}
	m.sum(before)
	return &m.result, nil
}

func (m *simulation) nodeNames() []string {
	names := make([]string, m.s.NumNodes())
	for i := range names {
		names[i] = m.s.Node(i).Name
	}
	return names
}

// place puts a pod where it scores best.
func (m *simulation) place(p *planned) error {
	for _, claim := range p.claims {
		if m.s.Claim(claim.Namespace, claim.Name) != nil {
			continue // A StatefulSet's claim outlives its pod.
		}
		if err := m.draft.Apply(explain.Admit(m.s, claim)); err != nil {
			return err
		}
	}
	m.s = m.draft.Snapshot()
	pod := p.trimmed()
	out := Pod{Workload: p.workload, Namespace: pod.Namespace, Name: pod.Name}
	if p.known != nil {
		out.From = p.known.Node
	}
	demand, err := m.settleImmediate(pod)
	if err != nil {
		return err
	}
	verdict := m.Engine.Filter(m.s, demand)
	candidates := verdict.Feasible.Clone()
	node := -1
	if slices.ContainsFunc(demand.Volumes, func(v placement.Volume) bool { return v.State == placement.Held }) {
		candidates.Clear()
	} else {
		m.restrict(candidates, p)
		node = m.best(p, verdict, candidates)
	}
	if node < 0 {
		out.Unplaced = m.unplaced(pod, verdict, p.only)
		m.result.Fits = false
		m.result.Pods = append(m.result.Pods, out)
		return nil
	}
	pod.Node = m.s.Node(node).Name
	out.Node, out.Zone = pod.Node, m.places.Zone(node)
	if out.Volumes, err = m.settle(demand, verdict, node); err != nil {
		return err
	}
	m.draft.PutPod(pod)
	m.s = m.draft.Snapshot()
	m.inZone[[2]string{p.workload, out.Zone}]++
	m.onNode[[2]string{p.workload, out.Node}]++
	m.result.Pods = append(m.result.Pods, out)
	return nil
}

// trimmed is the pod as the engine knows pods, on no node yet.
func (p *planned) trimmed() *topology.Pod {
	if p.known == nil {
		return topology.PodFromAPI(p.pod)
	}
	pod := *p.known
	pod.Node = ""
	return &pod
}

// restrict takes out the nodes that the pod may not be on for reasons other than volumes, as far as they are modelled.
func (m *simulation) restrict(candidates topology.NodeSet, p *planned) {
	candidates.And(m.s.Open())
	if p.pod == nil {
		return
	}
	affinity := nodeaffinity.GetRequiredNodeAffinity(p.pod)
	for i := range candidates.All() {
		node := m.s.Node(i)
		object := corev1.Node{}
		object.Name, object.Labels = node.Name, node.Labels
		if ok, err := affinity.Match(&object); err == nil && !ok || p.only != "" && node.Name != p.only {
			candidates.Remove(i)
		}
	}
}

// best is the candidate with the highest score; of as many those in the zone and on the node with the fewest pods of the
// workload, as kube-scheduler spreads pods by default, and then the first by name. Negative where there is none.
func (m *simulation) best(p *planned, verdict *placement.Verdict, candidates topology.NodeSet) int {
	scores := m.Engine.Score(m.s, verdict, candidates)
	best := -1
	for i := range candidates.All() {
		if best < 0 || m.compare(p, scores, i, best) < 0 {
			best = i
		}
	}
	return best
}

func (m *simulation) compare(p *planned, scores *placement.Scores, a, b int) int {
	return cmp.Or(
		cmp.Compare(scores.Node(b), scores.Node(a)),
		cmp.Compare(m.inZone[[2]string{p.workload, m.places.Zone(a)}], m.inZone[[2]string{p.workload, m.places.Zone(b)}]),
		cmp.Compare(m.onNode[[2]string{p.workload, m.s.Node(a).Name}], m.onNode[[2]string{p.workload, m.s.Node(b).Name}]),
	)
}

// unplaced is why no node takes the pod.
func (m *simulation) unplaced(pod *topology.Pod, verdict *placement.Verdict, only string) *Unplaced {
	u := &Unplaced{Only: only, Allowed: verdict.Feasible.Len(), Of: m.s.NumNodes()}
	if u.Nowhere = explain.Nowhere(explain.Question{Snapshot: m.s, Engine: m.Engine, Pod: pod}); u.Nowhere != nil {
		return u
	}
	if i, known := m.s.NodeIndex(only); known && !verdict.Feasible.Has(i) {
		u.RuledOut = verdict.Refusal(i).Reason.String()
	}
	return u
}
