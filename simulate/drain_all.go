// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/topology"
)

// Plan is an order in which nodes can be drained.
type Plan struct {
	// Feasible reports whether every node can be drained, without a node more.
	Feasible bool
	// Steps are the nodes in the order in which they are drained.
	Steps []Step
	// Stuck are nodes that cannot be drained even with a node more.
	Stuck []Stuck
	// Stay are pods of these nodes that are not placed again, as with Drain.
	Stay []Stay
	// Bare are pods that nobody creates again, Emptied those that lose what is in a directory of theirs (emptyDir).
	Bare, Emptied []string
	// Untried is how many nodes were left when the work became too much.
	Untried int
	// BudgetsUnread is why PodDisruptionBudgets are not known; empty where they are.
	BudgetsUnread string
	Unknown       []string
	Known         explain.Known
}

// Step is a node that is drained.
type Step struct {
	Node string `json:"node"`
	Zone string `json:"zone,omitempty"`
	// Add is the node like which one is to be added before; empty where none has to be, and Because is the pod that would find no place.
	Add     string `json:"addNodeLike,omitempty"`
	Because string `json:"because,omitempty"`
	// Pods are where the pods of the node go.
	Pods []Pod `json:"pods,omitempty"`
}

// Stuck is a node that cannot be drained, for a pod of it: it must not be evicted, or finds no place.
type Stuck struct {
	Node, Zone string
	Pod        topology.Key
	Refused    *Refusal
	Unplaced   *Unplaced
}

// maxWork bounds a plan to a minute or two: pods that are asked about, times nodes.
const maxWork = 30_000_000

// draining is a plan that is being made.
type draining struct {
	*simulation
	budgets []*budget
	byNode  map[string][]*corev1.Pod
	plan    Plan
	work    int
	added   int
}

// DrainAll makes a plan for the nodes that the selector means. They are taken to be cordoned first, all of them, so that no pod moves twice, and
// to be gone once they are drained. Which node comes next is the first by name whose pods all may be evicted and find a place in what is left; where there is none, a
// node is added that is like one whose pods then do. The error is for a question that makes no sense, or a context that ended.
func DrainAll(ctx context.Context, question Question, selector labels.Selector) (*Plan, error) {
	if question.Others == nil {
		return nil, fmt.Errorf("order nodes to drain: %s", question.Unseen)
	}
	d := &draining{simulation: newSimulation(question), byNode: map[string][]*corev1.Pod{}}
	d.budgets = d.simulation.budgets()
	var left []string
	for i := range d.s.NumNodes() {
		if n := d.s.Node(i); selector.Matches(labels.Set(n.Labels)) {
			left = append(left, n.Name)
		}
	}
	if len(left) == 0 {
		return nil, fmt.Errorf("no node has labels that match %s", selector)
	}
	d.gather(left)
	d.cordon(left)
	all := len(left)
	for len(left) > 0 {
		progress := func(done int) {
			if d.Progress != nil {
				d.Progress(all-len(left)+done, all)
			}
		}
		var err error
		before := len(left)
		if left, err = d.pass(ctx, left, progress); err != nil {
			return nil, err
		}
		if len(left) == before && len(left) > 0 && d.work < maxWork {
			if left, err = d.more(ctx, left); err != nil {
				return nil, err
			}
		}
		if d.work >= maxWork {
			d.plan.Untried = len(left)
			break
		}
	}
	d.plan.Feasible = d.added == 0 && len(d.plan.Stuck) == 0 && d.plan.Untried == 0
	d.plan.Unknown, d.plan.Known, d.plan.BudgetsUnread = d.result.Unknown, d.result.Known, question.BudgetsUnread
	return &d.plan, nil
}

// gather finds the pods of the nodes, and what is to be said of them.
func (d *draining) gather(nodes []string) {
	meant := map[string]bool{}
	for _, name := range nodes {
		meant[name] = true
	}
	for _, pod := range d.Pods {
		if !meant[pod.Spec.NodeName] || ended(pod) || pod.DeletionTimestamp != nil {
			continue
		}
		name := pod.Namespace + "/" + pod.Name
		if why := staysWithNode(pod); why != "" {
			d.plan.Stay = append(d.plan.Stay, Stay{Namespace: pod.Namespace, Name: pod.Name, From: pod.Spec.NodeName, Why: why})
			continue
		}
		if (&planned{from: pod.Spec.NodeName, pod: pod}).bare() {
			d.plan.Bare = append(d.plan.Bare, name)
		}
		if slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.EmptyDir != nil }) {
			d.plan.Emptied = append(d.plan.Emptied, name)
		}
		d.byNode[pod.Spec.NodeName] = append(d.byNode[pod.Spec.NodeName], pod)
	}
	for _, pods := range d.byNode {
		slices.SortFunc(pods, func(a, b *corev1.Pod) int {
			return topology.Key{Namespace: a.Namespace, Name: a.Name}.Compare(topology.Key{Namespace: b.Namespace, Name: b.Name})
		})
	}
	slices.SortFunc(d.plan.Stay, func(a, b Stay) int { return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name) })
	slices.Sort(d.plan.Bare)
	slices.Sort(d.plan.Emptied)
}

// cordon takes new pods off the nodes. They keep their pods, which count for spread and affinity until they go.
func (d *draining) cordon(nodes []string) {
	for _, name := range nodes {
		if i, ok := d.s.NodeIndex(name); ok {
			n := *d.s.Node(i)
			n.Unschedulable = true
			d.draft.PutNode(&n)
		}
		others := d.others.Cluster()
		if i, ok := others.NodeIndex(name); ok {
			n := others.Node(i).DeepCopy()
			n.Spec.Unschedulable = true
			if !slices.ContainsFunc(n.Spec.Taints, func(t corev1.Taint) bool { return t.Key == corev1.TaintNodeUnschedulable }) {
				n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule})
			}
			d.others.PutNode(n)
		}
	}
	d.s = d.draft.Snapshot()
	d.places = d.places.On(d.s)
}

// pass drains the nodes that can be, and returns the others.
func (d *draining) pass(ctx context.Context, nodes []string, progress func(done int)) ([]string, error) {
	var left []string
	for i, name := range nodes {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if d.work >= maxWork {
			return append(left, nodes[i:]...), nil
		}
		step, stuck, err := d.drain(name)
		if err != nil {
			return nil, err
		}
		if stuck != nil {
			left = append(left, name)
			continue
		}
		d.plan.Steps = append(d.plan.Steps, *step)
		progress(i + 1 - len(left))
	}
	return left, nil
}

// drain takes a node away and places its pods. Where one of them may not be evicted, or finds no place, all is as it was.
func (d *draining) drain(name string) (*Step, *Stuck, error) {
	i, _ := d.s.NodeIndex(name)
	step := &Step{Node: name, Zone: d.places.Zone(i)}
	pods := d.byNode[name]
	for _, pod := range pods {
		if refused := refusal(d.budgets, pod); refused != nil {
			return nil, &Stuck{Node: name, Zone: step.Zone, Pod: topology.Key{Namespace: pod.Namespace, Name: pod.Name}, Refused: refused}, nil
		}
	}
	undo := d.mark()
	keys := make([]topology.Key, len(pods))
	for k, pod := range pods {
		keys[k] = topology.Key{Namespace: pod.Namespace, Name: pod.Name}
	}
	// The attachments and the room of all of them are free by the time the last of them is placed.
	d.draft.RemovePods(keys...)
	d.removeNode(name)
	for _, pod := range pods {
		d.renewEphemeral(pod)
	}
	d.s = d.draft.Snapshot()
	d.places = d.places.On(d.s)
	for _, pod := range pods {
		d.work += d.s.NumNodes()
		placed, err := d.place(&planned{workload: Lost, pod: again(pod), from: name})
		if err != nil {
			return nil, nil, err
		}
		if placed.Node == "" {
			undo()
			return nil, &Stuck{Node: name, Zone: step.Zone, Pod: topology.Key{Namespace: placed.Namespace, Name: placed.Name}, Unplaced: placed.Unplaced}, nil
		}
		step.Pods = append(step.Pods, *placed)
	}
	return step, nil, nil
}

// mark remembers the cluster, and returns what brings it back.
func (d *draining) mark() func() {
	s, others, places := d.s, d.others.Cluster(), d.places
	inZone, onNode, early := maps.Clone(d.inZone), maps.Clone(d.onNode), maps.Clone(d.early)
	return func() {
		d.s, d.draft, d.others, d.places = s, s.Draft(), others.Draft(), places
		d.inZone, d.onNode, d.early = inZone, onNode, early
	}
}

// more drains a node that could not be, with a node more. A node for which that does not help is stuck.
func (d *draining) more(ctx context.Context, nodes []string) ([]string, error) {
	var left []string
	for k, name := range nodes {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		_, stuck, err := d.drain(name)
		if err != nil {
			return nil, err
		}
		if stuck == nil { // Which cannot be, as nothing has changed, but would be well.
			return append(left, nodes[k:]...), nil
		}
		if stuck.Refused == nil {
			undo := d.mark()
			d.addNodeLike(name)
			step, still, err := d.drain(name)
			if err != nil {
				return nil, err
			}
			if still == nil {
				step.Add, step.Because = name, stuck.Pod.String()
				d.plan.Steps = append(d.plan.Steps, *step)
				return append(left, nodes[k+1:]...), nil
			}
			undo()
			d.added--
		}
		d.plan.Stuck = append(d.plan.Stuck, *stuck)
	}
	return left, nil
}

// addNodeLike adds a node with the labels, taints and room of another, and nothing on it.
func (d *draining) addNodeLike(name string) {
	d.added++
	i, _ := d.s.NodeIndex(name)
	like := *d.s.Node(i)
	like.Name = fmt.Sprintf("new-%d-like-%s", d.added, name)
	like.Labels = maps.Clone(like.Labels)
	if _, ok := like.Labels[corev1.LabelHostname]; ok {
		like.Labels[corev1.LabelHostname] = like.Name
	}
	like.Ready, like.Unschedulable, like.OutOfService = true, false, false
	others := d.others.Cluster()
	if at, ok := others.NodeIndex(name); ok {
		object := others.Node(at).DeepCopy()
		object.Name, object.Labels, object.Spec.Unschedulable = like.Name, like.Labels, false
		object.Spec.Taints = slices.DeleteFunc(object.Spec.Taints, func(t corev1.Taint) bool { return strings.HasPrefix(t.Key, "node.kubernetes.io/") })
		d.others.PutNode(object)
	}
	d.draft.PutNode(&like)
	d.s = d.draft.Snapshot()
	d.places = d.places.On(d.s)
}
