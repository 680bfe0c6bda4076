// SPDX-License-Identifier: Apache-2.0

package joint

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/nodefit"
	"github.com/moorage-k8s/moorage/topology"
)

// HelpKind is what a change is about. The kinds are in the order of what they ask of a person, the least first.
type HelpKind int

// The kinds of changes.
const (
	// Uncordon lets pods onto Node again.
	Uncordon HelpKind = iota
	// RemovePods is to wait until Pods are gone from Node, or to move them: they have a port, or must be kept apart from the pod.
	RemovePods
	// RecoverNode is to have Node well again, of which Taints tell that it is not: they go by themselves then.
	RecoverNode
	// FreeRoom is to free Room on Node.
	FreeRoom
	// Tolerate gives the pod tolerations of Taints.
	Tolerate
	// LabelNode gives Node Labels that the pod asks for.
	LabelNode
	// WidenAffinity is to ask for less in the pod's nodeSelector or node affinity.
	WidenAffinity
	// RaiseSkew allows the pod's topology spread constraint of number Constraint a maxSkew of MaxSkew.
	RaiseSkew
	// ReduceRequest is to have the pod ask for less: for Room, which is what Node has left.
	ReduceRequest
	// AddNode adds a node like Node, with Labels beside its own, at least Room, and nothing on it.
	AddNode
	// MoveVolume is to have the volume of the number Volume in the pod's demand elsewhere, with its data. It was not tried by itself: what
	// its place rejects was left out.
	MoveVolume
)

// Help is a change after which the pod fits. It has been made on a copy of the cluster, and both halves asked again.
type Help struct {
	Kind       HelpKind
	Node       string
	Room       []Room
	Pods       []*nodefit.Pod
	Taints     []corev1.Taint
	Labels     map[string]string
	Constraint int
	MaxSkew    int32
	Volume     int
	// With is a second change, where only both together help.
	With *Help
	// Fits are the nodes on which the pod then fits, by name, and Nodes how many they are; of many, Fits are the first.
	Fits  []string
	Nodes int
}

// Room is an amount of a resource, in the units of nodefit.Resources; pods are counted.
type Room struct {
	Resource corev1.ResourceName
	Amount   int64
}

// without is what the filters say without some pods, which also leave their room.
func (a *Answer) without(gone []topology.Key) *nodefit.Verdict {
	draft := a.Others.Draft()
	for _, key := range gone {
		draft.RemovePod(key.Namespace, key.Name)
	}
	return draft.Cluster().Judge(a.Pod)
}

const (
	// maxHelp is how many changes are returned, maxTried how many are tried, maxPaired how many of them in pairs.
	maxHelp, maxTried, maxPaired = 6, 32, 8
	// maxOfKind is how many of a kind are tried in pairs.
	maxOfKind = 2
	// maxFits is how many nodes are named.
	maxFits = 4
)

// newNode is the name of a node that is added. It sorts last.
const newNode = "~new"

// proposal is a change that has not been tried.
type proposal struct {
	Help
	apply func(*trial)
}

// trial is a copy of the cluster and the pod on which changes are made.
type trial struct {
	pod     *corev1.Pod
	others  *nodefit.Draft
	volumes *topology.Draft
	fault   error
}

// removePods takes pods away, for both halves.
func (t *trial) removePods(pods []topology.Key) {
	for _, key := range pods {
		t.others.RemovePod(key.Namespace, key.Name)
	}
	t.volumes.RemovePods(pods...)
}

// putNode puts a node in place of the one of its name, for both halves.
func (t *trial) putNode(n *corev1.Node) {
	t.others.PutNode(n)
	if err := t.volumes.Apply(n); err != nil {
		t.fault = err
	}
}

// ordered are the proposals that are tried, those that ask least first; none for a pod that fits.
func (a *Answer) ordered() []proposal {
	if !a.Feasible.Empty() || a.Snapshot.NumNodes() == 0 {
		return nil
	}
	if a.proposed == nil {
		a.proposed = a.proposals()
		slices.SortStableFunc(a.proposed, func(x, y proposal) int { return cmp.Compare(x.Kind, y.Kind) })
		a.proposed = a.proposed[:min(len(a.proposed), maxTried)]
	}
	return a.proposed
}

// Helps returns the single changes after which the pod fits somewhere, those that ask least first. It is empty for a pod that fits.
func (a *Answer) Helps() []Help {
	proposals := a.ordered()
	if len(proposals) == 0 {
		return nil
	}
	var out []Help
	for k := range proposals {
		if help, ok := a.try(&proposals[k]); ok {
			out = append(out, help)
		}
	}
	out = append(out, a.moves()...)
	slices.SortStableFunc(out, func(x, y Help) int { return cmp.Compare(x.Kind, y.Kind) })
	return out[:min(len(out), maxHelp)]
}

// paired are the proposals below a kind that are tried with another change: of a kind not only those of one node.
func (a *Answer) paired(below HelpKind) []proposal {
	var out []proposal
	kinds := map[HelpKind]int{}
	for _, p := range a.ordered() {
		if kinds[p.Kind]++; p.Kind < below && kinds[p.Kind] <= maxOfKind && len(out) < maxPaired {
			out = append(out, p)
		}
	}
	return out
}

// Pair returns the first two changes below a kind that help together, where none of these does by itself.
func (a *Answer) Pair(below HelpKind) (Help, bool) {
	proposals := a.paired(below)
	for k := range proposals {
		for j := range proposals[:k] {
			if help, ok := a.try(&proposals[j], &proposals[k]); ok {
				help.With = &proposals[k].Help
				return help, true
			}
		}
	}
	return Help{}, false
}

// PairWith returns the first change below a kind that helps together with one to volumes, without the pods that are gone for it.
func (a *Answer) PairWith(change func(*topology.Draft), gone []topology.Key, below HelpKind) (Help, bool) {
	first := proposal{apply: func(t *trial) {
		change(t.volumes)
		t.removePods(gone)
	}}
	for _, p := range a.paired(below) {
		if then, ok := a.try(&first, &p); ok {
			help := p.Help
			help.Fits, help.Nodes = then.Fits, then.Nodes
			return help, true
		}
	}
	return Help{}, false
}

// try asks both halves with the changes made.
func (a *Answer) try(proposals ...*proposal) (Help, bool) {
	t := &trial{pod: a.Pod.DeepCopy(), others: a.Others.Draft(), volumes: a.Snapshot.Draft()}
	for _, p := range proposals {
		p.apply(t)
	}
	if t.fault != nil {
		return Help{}, false
	}
	then := Ask(Question{Snapshot: t.volumes.Snapshot(), Engine: a.Engine, Others: t.others.Cluster(), Pod: t.pod})
	if then.Feasible.Empty() {
		return Help{}, false
	}
	help := proposals[0].Help
	help.Fits, help.Nodes = then.named(then.Feasible), then.Feasible.Len()
	return help, true
}

// named are the names of the first nodes of a set.
func (a *Answer) named(nodes topology.NodeSet) []string {
	var out []string
	for i := range nodes.All() {
		if len(out) == maxFits {
			break
		}
		out = append(out, a.Snapshot.Node(i).Name)
	}
	return out
}

// FitsOn returns the nodes of another snapshot, a draft of this one, on which the pod fits as far as the filters go and are known, without the
// pods that are gone: a change to volumes helps only where they pass too.
func (a *Answer) FitsOn(s *topology.Snapshot, gone []topology.Key) topology.NodeSet {
	filters := a.Filters
	if len(gone) > 0 {
		filters = a.without(gone)
	}
	out := s.AllNodes().Clone()
	for i := range s.NumNodes() {
		if at, ok := a.Others.NodeIndex(s.Node(i).Name); ok && !filters.Feasible.Has(at) {
			out.Remove(i)
		}
	}
	return out
}
