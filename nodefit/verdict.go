// SPDX-License-Identifier: Apache-2.0

package nodefit

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	schedulinghelpers "k8s.io/component-helpers/scheduling/corev1"

	"github.com/moorage-k8s/moorage/topology/nodeset"
)

// Cause is why a filter rejects a node. What differs from node to node is in the Evidence.
type Cause struct {
	// Text is what kube-scheduler says, so that its message can be foretold.
	Text string
	// Unresolvable causes are those that no eviction of pods helps.
	Unresolvable bool
	// Resource is the one that lacks: NodeResourcesFit.
	Resource corev1.ResourceName
	// Constraint is the number of the pod's topologySpreadConstraint that is not met: PodTopologySpread.
	Constraint int
}

// Elimination is a set of nodes that one filter rejects for one cause.
type Elimination struct {
	Filter string
	Cause
	// Nodes are those rejected. Other filters may reject them too.
	Nodes nodeset.Set
}

// Verdict is the answer for every node of the Cluster. It is not safe for concurrent use.
type Verdict struct {
	// Feasible are the nodes that every filter passes.
	Feasible nodeset.Set
	// Eliminations are in the order of the filters, and of a filter's causes. None is without nodes.
	Eliminations []Elimination
	// Unreadable is set where kube-scheduler cannot read the pod, and places it nowhere: which filter, and what it says.
	Unreadable *Unreadable
	// Unknown is what was left open, in sentences without a full stop. It is empty where all that could matter is known.
	Unknown []string

	q       *query
	rulings []prepared
}

// Unreadable is a pod with a condition that cannot be read.
type Unreadable struct{ Filter, Text string }

type prepared struct {
	*filter
	ruling
}

// Judge asks every filter about every node. The pod must not be changed as long as the verdict is in use.
func (c *Cluster) Judge(pod *corev1.Pod) *Verdict {
	v := &Verdict{Feasible: nodeset.New(len(c.nodes)), q: &query{c: c, pod: pod, priority: schedulinghelpers.PodPriority(pod)}}
	v.Feasible.Fill()
	for f := range filters {
		ruling, err := filters[f].prepare(v.q)
		if err != nil {
			if v.Unreadable == nil {
				v.Unreadable = &Unreadable{Filter: filters[f].name, Text: err.Error()}
			}
			v.Feasible.Clear()
			continue
		}
		if ruling != nil {
			v.rulings = append(v.rulings, prepared{&filters[f], ruling})
		}
	}
	for r := range v.rulings {
		v.ask(&v.rulings[r])
	}
	v.q.notModelled()
	v.Unknown = v.q.unknown
	return v
}

// ask asks one filter about every node.
func (v *Verdict) ask(r *prepared) {
	from := len(v.Eliminations)
	note := func(i int, why Cause) {
		v.Feasible.Remove(i)
		for e := from; e < len(v.Eliminations); e++ {
			if v.Eliminations[e].Cause == why {
				v.Eliminations[e].Nodes.Add(i)
				return
			}
		}
		nodes := nodeset.New(len(v.q.c.nodes))
		nodes.Add(i)
		v.Eliminations = append(v.Eliminations, Elimination{Filter: r.name, Cause: why, Nodes: nodes})
	}
	for i := range v.q.c.nodes {
		for _, at := range v.q.places(v.q.c.nodes[i]) {
			r.causes(at, func(why Cause) { note(i, why) })
		}
	}
	slices.SortStableFunc(v.Eliminations[from:], func(a, b Elimination) int { return cmp.Compare(a.Constraint, b.Constraint) })
}

// Because returns for what an elimination rejects node i, which must be one of its nodes. The filter looks again at this one node; nothing
// is kept for it when nodes are judged.
func (v *Verdict) Because(e *Elimination, i int) Evidence {
	at := slices.IndexFunc(v.rulings, func(r prepared) bool { return r.name == e.Filter })
	r := v.rulings[at]
	for _, at := range v.q.places(v.q.c.nodes[i]) {
		found := false
		r.causes(at, func(why Cause) { found = found || why == e.Cause })
		if found {
			out := r.because(at, e.Cause)
			out.Expected = at.expected
			return out
		}
	}
	return Evidence{}
}
