// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/nodefit"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// Question is what is to be simulated, on which cluster.
type Question struct {
	Snapshot *topology.Snapshot
	Engine   *placement.Engine
	// Others is what decides beside volumes, and Pods are the pods of the cluster in full; nil where that is not known, and Unseen says why.
	Others *nodefit.Cluster
	Pods   []*corev1.Pod
	Unseen string
	// Workloads are placed in their order; what is none is left out. Namespace is that of those which name none.
	Workloads []runtime.Object
	Namespace string
	// Drain and LoseZone name nodes and zones that are taken away first; their pods are placed again.
	Drain, LoseZone []string
	// Budgets are the PodDisruptionBudgets of the cluster, for DrainAll, and BudgetsUnread is why they are not known.
	Budgets       []*policyv1.PodDisruptionBudget
	BudgetsUnread string
	// Progress receives how many pods of how many have been placed, or nodes drained; it may be nil.
	Progress func(done, of int)
}

// simulation is a cluster that pods are placed on.
type simulation struct {
	Question
	draft  *topology.Draft
	s      *topology.Snapshot
	places *topology.Places
	// others is what decides beside volumes, with the pods that were placed; nil where it is not known.
	others *nodefit.Draft
	// inZone and onNode are the pods placed, by workload and zone, and by workload and node.
	inZone, onNode map[[2]string]int
	// early are claims that were provisioned before their pod had a node.
	early map[topology.Key]bool
	// counts are of pods alike.
	counts counts
	// explained is how many nodes the answer says of what they lack, of all pods together.
	explained int
	result    Result
}

func newSimulation(question Question) *simulation {
	m := &simulation{
		Question: question, draft: question.Snapshot.Draft(), s: question.Snapshot,
		inZone: map[[2]string]int{}, onNode: map[[2]string]int{}, early: map[topology.Key]bool{},
		counts: counts{},
	}
	if question.Others != nil {
		m.others = question.Others.Draft()
	} else if question.Unseen != "" {
		m.result.Unknown = []string{"what decides beside volumes (CPU, memory, taints, affinity, ports, spread): " + question.Unseen}
	}
	m.result.VolumesOnly = question.Others == nil
	m.places = m.s.Places()
	m.result.Known = explain.KnownOf(m.s)
	return m
}

// Run places the pods. Its error is for a question that makes no sense, or a context that ended.
func Run(ctx context.Context, question Question) (*Result, error) {
	m := newSimulation(question)
	pods, err := m.lose()
	if err != nil {
		return nil, err
	}
	for _, workload := range question.Workloads {
		of, err := m.expand(workload, question.Namespace)
		if err != nil {
			return nil, err
		}
		pods = append(pods, of...)
		m.noteUnmodelled(of)
	}
	m.replace(pods)
	before := m.pools()
	m.result.Fits = true
	for i, p := range pods {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		placed, err := m.place(&p)
		if err != nil {
			return nil, err
		}
		m.result.Fits = m.result.Fits && placed.Node != ""
		m.result.Pods = append(m.result.Pods, *placed)
		if m.Progress != nil {
			m.Progress(i+1, len(pods))
		}
	}
	m.sum(before)
	return &m.result, nil
}

// replace takes pods away that are to be placed and are in the cluster already, as when a StatefulSet is changed.
func (m *simulation) replace(pods []planned) {
	there := map[topology.Key]bool{}
	for _, pod := range m.Pods {
		there[topology.Key{Namespace: pod.Namespace, Name: pod.Name}] = true
	}
	var keys []topology.Key
	for i := range pods {
		if p := &pods[i]; p.from == "" && p.pod != nil {
			if key := (topology.Key{Namespace: p.pod.Namespace, Name: p.pod.Name}); there[key] || m.s.Pod(key) != nil {
				keys = append(keys, key)
			}
		}
	}
	m.remove(keys)
}

// remove takes pods away from both halves.
func (m *simulation) remove(keys []topology.Key) {
	if len(keys) == 0 {
		return
	}
	m.draft.RemovePods(keys...)
	m.s = m.draft.Snapshot()
	if m.others == nil {
		return
	}
	gone := make([]*nodefit.Pod, len(keys))
	for i, key := range keys {
		gone[i] = &nodefit.Pod{Namespace: key.Namespace, Name: key.Name}
	}
	m.others.RemovePods(gone...)
}

// place puts a pod where it scores best. A pod that finds no place changes nothing but that its claims are there.
func (m *simulation) place(p *planned) (*Pod, error) {
	for _, claim := range p.claims {
		if m.s.Claim(claim.Namespace, claim.Name) != nil {
			continue // A StatefulSet's claim outlives its pod.
		}
		if err := m.draft.Apply(explain.Admit(m.s, claim)); err != nil {
			return nil, err
		}
	}
	m.s = m.draft.Snapshot()
	pod := p.trimmed()
	out := &Pod{Workload: p.workload, Namespace: pod.Namespace, Name: pod.Name, From: p.from, Bare: p.bare()}
	if err := m.settleImmediate(pod); err != nil {
		return nil, err
	}
	v := m.ask(p, pod)
	node := m.best(p, v)
	if node < 0 {
		out.Unplaced = m.unplaced(p, v)
		return out, nil
	}
	pod.Node = m.s.Node(node).Name
	out.Node, out.Zone = pod.Node, m.places.Zone(node)
	var err error
	if out.Volumes, err = m.settle(v.demand, v.volumes, node); err != nil {
		return nil, err
	}
	m.draft.PutPod(pod)
	m.s = m.draft.Snapshot()
	if m.others != nil && p.pod != nil {
		m.others.Place(p.pod, pod.Node)
	}
	m.inZone[[2]string{p.workload, out.Zone}]++
	m.onNode[[2]string{p.workload, out.Node}]++
	return out, nil
}

// held reports whether kube-scheduler holds the pod back before it looks at nodes.
func held(d *placement.Demand) bool {
	return slices.ContainsFunc(d.Volumes, func(v placement.Volume) bool { return v.State == placement.Held })
}
