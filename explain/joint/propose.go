// SPDX-License-Identifier: Apache-2.0

package joint

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/moorage-k8s/moorage/nodefit"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

const (
	// maxLooked is how many nodes proposals are made for: those that lack least. maxEach is how many of a kind that name a node.
	maxLooked, maxEach = 24, 4
	// maxGone is how many pods are proposed to go.
	maxGone = 4
)

// proposals are what could help against what the nodes lack that lack least.
func (a *Answer) proposals() []proposal {
	var out []proposal
	seen := map[string]int{}
	add := func(key string, most int, p proposal) {
		if seen[key]++; seen[key] <= most {
			out = append(out, p)
		}
	}
	for _, i := range a.nearest() {
		node := a.Others.Node(a.index[i])
		var room, left []Room
		tooSmall := false
		for _, lack := range a.Lacks(i) {
			if lack.Filter == nil {
				continue
			}
			c, e := &a.Constraints[lack.Constraint], lack.Filter
			switch c.Filter {
			case nodefit.NodeUnschedulable:
				add("uncordon", maxEach, uncordon(node))
			case nodefit.TaintToleration:
				set, unwell := sortTaints(e.Taints)
				if len(unwell) > 0 {
					add("recover", maxEach, recoverNode(node, unwell))
				}
				if len(set) > 0 {
					add("tolerate "+fmt.Sprint(set), 1, tolerate(set))
				}
			case nodefit.NodeAffinity:
				if !needsSystem(e) {
					add("widen", 1, widen())
				}
				if p, ok := label(node, e); ok {
					add("label", maxEach, p)
				}
			case nodefit.NodePorts:
				var pods []*nodefit.Pod
				for _, port := range e.Ports {
					pods = append(pods, port.Pods...)
				}
				if len(pods) <= maxGone {
					add("pods", maxEach, remove(node.Name, pods))
				}
			case nodefit.NodeResourcesFit:
				room = append(room, Room{c.Cause.Resource, e.Wanted - (e.Allocatable - e.Taken)})
				left = append(left, Room{c.Cause.Resource, max(e.Allocatable-e.Taken, 0)})
				tooSmall = tooSmall || e.Wanted > e.Allocatable
			case nodefit.PodTopologySpread:
				if s := e.Spread; !s.Missing {
					skew := int32(s.Pods + s.Self - s.Least)
					add(fmt.Sprintf("skew %d %d", c.Cause.Constraint, skew), 1, raiseSkew(c.Cause.Constraint, skew))
				}
			case nodefit.InterPodAffinity:
				if len(e.Apart) > 0 && len(e.Apart) <= maxGone {
					add("pods", maxEach, remove(node.Name, e.Apart))
				}
			}
		}
		switch {
		case len(room) > 0 && !tooSmall:
			add("room", maxEach, freeRoom(node, room))
		case len(room) > 0 && !slices.ContainsFunc(left, func(r Room) bool { return r.Amount == 0 }):
			add("less", 1, reduceRequest(node, room, left))
		}
	}
	return append(out, a.anotherNode()...)
}

// nearest are the nodes that both halves know and that are rejected for fewest constraints.
func (a *Answer) nearest() []int {
	var nodes, lacks []int
	lacks = make([]int, a.Snapshot.NumNodes())
	for i := range lacks {
		for k := range a.Constraints {
			if a.Constraints[k].Nodes.Has(i) {
				lacks[i]++
			}
		}
		if a.index[i] >= 0 {
			nodes = append(nodes, i)
		}
	}
	slices.SortStableFunc(nodes, func(x, y int) int { return cmp.Compare(lacks[x], lacks[y]) })
	// A node that volumes alone reject has nothing to propose.
	nodes = slices.DeleteFunc(nodes, func(i int) bool {
		at := a.index[i]
		return a.Filters.Feasible.Has(at)
	})
	return nodes[:min(len(nodes), maxLooked)]
}

func uncordon(node *corev1.Node) proposal {
	return proposal{Help{Kind: Uncordon, Node: node.Name}, func(t *trial) {
		changed := node.DeepCopy()
		changed.Spec.Unschedulable = false
		changed.Spec.Taints = slices.DeleteFunc(changed.Spec.Taints, func(taint corev1.Taint) bool { return taint.Key == corev1.TaintNodeUnschedulable })
		t.putNode(changed)
	}}
}

func tolerate(taints []corev1.Taint) proposal {
	var tolerations []corev1.Toleration
	for _, taint := range taints {
		operator := corev1.TolerationOpEqual
		if taint.Value == "" {
			operator = corev1.TolerationOpExists
		}
		tolerations = append(tolerations, corev1.Toleration{Key: taint.Key, Operator: operator, Value: taint.Value, Effect: taint.Effect})
	}
	return proposal{Help{Kind: Tolerate, Taints: taints}, func(t *trial) {
		t.pod.Spec.Tolerations = append(t.pod.Spec.Tolerations, tolerations...)
	}}
}

// needsSystem reports whether what the node does not meet is the operating system or the architecture that the pod was built for.
func needsSystem(e *nodefit.Evidence) bool {
	for _, key := range []string{corev1.LabelOSStable, corev1.LabelArchStable} {
		if _, asks := e.Selector[key]; asks {
			return true
		}
		for _, term := range e.Terms {
			if slices.ContainsFunc(term.Expressions, func(r corev1.NodeSelectorRequirement) bool { return r.Key == key }) {
				return true
			}
		}
	}
	return false
}

func widen() proposal {
	return proposal{Help{Kind: WidenAffinity}, func(t *trial) {
		t.pod.Spec.NodeSelector = nil
		if affinity := t.pod.Spec.Affinity; affinity != nil && affinity.NodeAffinity != nil {
			affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution = nil
		}
	}}
}

// wantedLabels are labels with which a node would meet the pod's nodeSelector and the first term of its affinity, if they are such that a
// person gives: a zone, a host name or an operating system is not made so by a label.
func wantedLabels(e *nodefit.Evidence) (map[string]string, bool) {
	labels := maps.Clone(e.Selector)
	if labels == nil {
		labels = map[string]string{}
	}
	if len(e.Terms) > 0 {
		term := e.Terms[0]
		if term.Fault != "" || len(term.Fields) > 0 || len(term.Expressions) == 0 {
			return nil, false
		}
		for _, r := range term.Expressions {
			switch {
			case r.Operator == corev1.NodeSelectorOpIn && len(r.Values) > 0:
				labels[r.Key] = r.Values[0]
			case r.Operator == corev1.NodeSelectorOpExists:
				labels[r.Key] = "true"
			default:
				return nil, false
			}
		}
	}
	for key := range labels {
		domain, _, _ := strings.Cut(key, "/")
		if strings.HasSuffix(domain, "kubernetes.io") || strings.HasSuffix(domain, "k8s.io") || strings.Contains(domain, "topology") {
			return nil, false
		}
	}
	return labels, true
}

// label proposes to give a node labels that the pod asks for.
func label(node *corev1.Node, e *nodefit.Evidence) (proposal, bool) {
	labels, ok := wantedLabels(e)
	if !ok {
		return proposal{}, false
	}
	for key := range labels {
		if has, carries := node.Labels[key]; carries && has != labels[key] {
			// What tells nodes apart is not to be changed under those who rely on it.
			return proposal{}, false
		}
	}
	return proposal{Help{Kind: LabelNode, Node: node.Name, Labels: labels}, func(t *trial) {
		changed := node.DeepCopy()
		if changed.Labels == nil {
			changed.Labels = map[string]string{}
		}
		maps.Copy(changed.Labels, labels)
		t.putNode(changed)
	}}, true
}

func remove(node string, pods []*nodefit.Pod) proposal {
	return proposal{Help{Kind: RemovePods, Node: node, Pods: pods}, func(t *trial) {
		t.others.RemovePods(pods...)
		for _, p := range pods {
			t.volumes.RemovePods(topology.Key{Namespace: p.Namespace, Name: p.Name})
		}
	}}
}

// freeRoom proposes to free what lacks. The trial gives the node more instead, which comes to the same.
func freeRoom(node *corev1.Node, room []Room) proposal {
	return proposal{Help{Kind: FreeRoom, Node: node.Name, Room: room}, func(t *trial) { t.putNode(withMore(node, room)) }}
}

// reduceRequest proposes that the pod asks for what the node has left, where it asks for more than the node has at all.
func reduceRequest(node *corev1.Node, room, left []Room) proposal {
	return proposal{Help{Kind: ReduceRequest, Node: node.Name, Room: left}, func(t *trial) { t.putNode(withMore(node, room)) }}
}

// withMore is a node with more of what it can give to pods.
func withMore(node *corev1.Node, room []Room) *corev1.Node {
	changed := node.DeepCopy()
	if changed.Status.Allocatable == nil {
		changed.Status.Allocatable = corev1.ResourceList{}
	}
	for _, r := range room {
		has := changed.Status.Allocatable[r.Resource]
		if r.Resource == corev1.ResourceCPU {
			has.Add(*resource.NewMilliQuantity(r.Amount, resource.DecimalSI))
		} else {
			has.Add(*resource.NewQuantity(r.Amount, resource.DecimalSI))
		}
		changed.Status.Allocatable[r.Resource] = has
	}
	return changed
}

func raiseSkew(number int, skew int32) proposal {
	return proposal{Help{Kind: RaiseSkew, Constraint: number, MaxSkew: skew}, func(t *trial) {
		t.pod.Spec.TopologySpreadConstraints[number].MaxSkew = skew
	}}
}

// anotherNode proposes one node more, like one of each zone. Of a zone it takes the first node.
func (a *Answer) anotherNode() []proposal {
	places := a.Snapshot.Places()
	seen := map[string]bool{}
	var out []proposal
	for i := range a.Snapshot.NumNodes() {
		if zone := places.Zone(i); a.index[i] >= 0 && !seen[zone] && len(seen) < maxEach {
			seen[zone] = true
			out = append(out, a.nodeLike(i))
		}
	}
	return out
}

func (a *Answer) nodeLike(i int) proposal {
	like, object := *a.Snapshot.Node(i), a.Others.Node(a.index[i]).DeepCopy()
	labels, wanted := map[string]string{}, a.missingOn(i)
	maps.Copy(labels, object.Labels)
	maps.Copy(labels, wanted)
	if _, ok := labels[corev1.LabelHostname]; ok {
		labels[corev1.LabelHostname] = newNode
	}
	object.Name, object.Labels, object.Spec.Unschedulable = newNode, labels, false
	object.Spec.Taints = slices.DeleteFunc(object.Spec.Taints, func(t corev1.Taint) bool { return strings.HasPrefix(t.Key, ofKubernetes) || passing(&t) })
	more, least := a.tooLittle(i)
	object.Status.Allocatable = withMore(object, more).Status.Allocatable
	like.Name, like.Labels, like.Ready, like.Unschedulable, like.OutOfService = newNode, labels, true, false, false
	return proposal{Help{Kind: AddNode, Node: a.Snapshot.Node(i).Name, Labels: wanted, Room: least}, func(t *trial) {
		t.others.PutNode(object)
		t.volumes.PutNode(&like)
	}}
}

// tooLittle is what a node like node i has too little of even where nothing is on it: how much more, and how much in all.
func (a *Answer) tooLittle(i int) (more, least []Room) {
	for _, lack := range a.Lacks(i) {
		if c, e := &a.Constraints[lack.Constraint], lack.Filter; e != nil && c.Filter == nodefit.NodeResourcesFit && e.Wanted > e.Allocatable {
			more = append(more, Room{c.Cause.Resource, e.Wanted - e.Allocatable})
			least = append(least, Room{c.Cause.Resource, e.Wanted})
		}
	}
	return more, least
}

// missingOn are labels that the pod asks for and node i does not have; none where a label would not do.
func (a *Answer) missingOn(i int) map[string]string {
	for _, lack := range a.Lacks(i) {
		if lack.Filter != nil && a.Constraints[lack.Constraint].Filter == nodefit.NodeAffinity {
			labels, _ := wantedLabels(lack.Filter)
			return labels
		}
	}
	return nil
}

// moves are the volumes whose place alone keeps the pod off nodes.
func (a *Answer) moves() []Help {
	var out []Help
	for v := range a.Demand.Volumes {
		elsewhere := topology.NewNodeSet(a.Snapshot.NumNodes())
		elsewhere.Fill()
		placed := false
		for k := range a.Constraints {
			c := &a.Constraints[k]
			if c.Predicate != "" && c.Volume == v && isPlace(c.Reason) {
				placed = true
			} else {
				elsewhere.AndNot(c.Nodes)
			}
		}
		if placed && !elsewhere.Empty() {
			out = append(out, Help{Kind: MoveVolume, Volume: v, Fits: a.named(elsewhere), Nodes: elsewhere.Len()})
		}
	}
	return out
}

// isPlace reports whether a reason is that a volume is somewhere.
func isPlace(r placement.Reason) bool {
	return r == placement.ReasonVolumeAffinity || r == placement.ReasonVolumeZone || r == placement.ReasonSelectedNode
}
