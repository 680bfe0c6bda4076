// SPDX-License-Identifier: Apache-2.0

package joint

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/nodefit"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// Question is a pod on a cluster, of which both halves are known.
type Question struct {
	Snapshot *topology.Snapshot
	Engine   *placement.Engine
	Others   *nodefit.Cluster
	// Pod is as the API server keeps it (nodefit.AsCreated). It must not be changed as long as the answer is in use.
	Pod *corev1.Pod
}

// Answer is what both halves say of every node of the snapshot. It is not safe for concurrent use.
type Answer struct {
	Question
	// Demand and Volumes are the engine's half, Filters the other.
	Demand  *placement.Demand
	Volumes *placement.Verdict
	Filters *nodefit.Verdict
	// Feasible are the nodes that both halves pass.
	Feasible topology.NodeSet
	// Constraints are all that reject nodes: those of filters that kube-scheduler asks before volumes, of volumes, and of filters that it asks
	// afterwards.
	Constraints []Constraint

	// index is the number of each node of the snapshot among the nodes of Others; negative for one that it does not have.
	index []int
	// proposed are the changes that are tried, once they have been looked for.
	proposed []proposal
}

// Constraint is one reason for which nodes are rejected.
type Constraint struct {
	// Predicate of the engine or Filter of kube-scheduler; the other is empty.
	Predicate, Filter string
	// Volume is the index in Demand.Volumes, or placement.PodLevel, Subject the driver or class, and Reason the engine's: with a Predicate.
	Volume  int
	Subject string
	Reason  placement.Reason
	// Cause is the filter's, with a Filter. Its Unresolvable is set where no eviction helps on any of the nodes.
	Cause nodefit.Cause
	// Nodes are those rejected, Alone those of them that nothing else rejects.
	Nodes, Alone topology.NodeSet

	volumes []*placement.Elimination
	filters []*nodefit.Elimination
}

// Text is what kube-scheduler says for the constraint.
func (c *Constraint) Text() string {
	if c.Predicate != "" {
		return c.Reason.String()
	}
	return c.Cause.Text
}

// Ask asks both halves.
func Ask(q Question) *Answer {
	trimmed := topology.PodFromAPI(q.Pod)
	a := &Answer{Question: q, Demand: placement.NewDemand(q.Snapshot, trimmed), Filters: q.Others.Judge(q.Pod)}
	a.Volumes = q.Engine.Filter(q.Snapshot, a.Demand)
	a.join()
	return a
}

// join puts what both halves say onto the nodes of the snapshot.
func (a *Answer) join() {
	nodes := a.Snapshot.NumNodes()
	a.index = make([]int, nodes)
	byOther := make([]int, a.Others.NumNodes())
	for i := range byOther {
		byOther[i] = -1
	}
	for i := range nodes {
		a.index[i] = -1
		if at, ok := a.Others.NodeIndex(a.Snapshot.Node(i).Name); ok {
			a.index[i], byOther[at] = at, i
		}
	}
	a.Feasible = a.Volumes.Feasible.Clone()
	for i := range a.Feasible.All() {
		if at := a.index[i]; at >= 0 && !a.Filters.Feasible.Has(at) {
			a.Feasible.Remove(i)
		}
	}
	a.addFilters(byOther, false)
	a.addVolumes()
	a.addFilters(byOther, true)
	for i := range a.Constraints {
		a.Constraints[i].Alone = a.Constraints[i].Nodes.Clone()
		for j := range a.Constraints {
			if j != i {
				a.Constraints[i].Alone.AndNot(a.Constraints[j].Nodes)
			}
		}
	}
}

func (a *Answer) addFilters(byOther []int, afterVolumes bool) {
	from := len(a.Constraints)
	for k := range a.Filters.Eliminations {
		e := &a.Filters.Eliminations[k]
		if nodefit.AfterVolumes(e.Filter) != afterVolumes {
			continue
		}
		c := a.find(from, func(c *Constraint) bool {
			return c.Filter == e.Filter && c.Cause.Text == e.Text && c.Cause.Resource == e.Resource && c.Cause.Constraint == e.Constraint
		})
		if c == nil {
			a.Constraints = append(a.Constraints, Constraint{Filter: e.Filter, Cause: e.Cause, Nodes: topology.NewNodeSet(a.Snapshot.NumNodes())})
			c = &a.Constraints[len(a.Constraints)-1]
		}
		c.Cause.Unresolvable = c.Cause.Unresolvable && e.Unresolvable
		c.filters = append(c.filters, e)
		for at := range e.Nodes.All() {
			if i := byOther[at]; i >= 0 {
				c.Nodes.Add(i)
			}
		}
	}
}

func (a *Answer) addVolumes() {
	from := len(a.Constraints)
	for k := range a.Volumes.Eliminations {
		e := &a.Volumes.Eliminations[k]
		c := a.find(from, func(c *Constraint) bool {
			return c.Predicate == e.Predicate && c.Volume == e.Volume && c.Subject == e.Subject && c.Reason == e.Reason
		})
		if c == nil {
			a.Constraints = append(a.Constraints, Constraint{
				Predicate: e.Predicate, Volume: e.Volume, Subject: e.Subject, Reason: e.Reason, Nodes: topology.NewNodeSet(a.Snapshot.NumNodes()),
			})
			c = &a.Constraints[len(a.Constraints)-1]
		}
		c.volumes = append(c.volumes, e)
		c.Nodes.Or(e.Nodes)
	}
}

// find is the constraint from some number on that is as asked for; nil where there is none.
func (a *Answer) find(from int, same func(*Constraint) bool) *Constraint {
	for k := from; k < len(a.Constraints); k++ {
		if same(&a.Constraints[k]) {
			return &a.Constraints[k]
		}
	}
	return nil
}

// Lack is what a node lacks for one constraint: the evidence of the predicate or filter that rejects it.
type Lack struct {
	// Constraint is the number of the constraint.
	Constraint int
	Volume     *placement.Evidence
	Filter     *nodefit.Evidence
}

// Lacks returns all that keeps the pod off node i, in the order of the constraints.
func (a *Answer) Lacks(i int) []Lack {
	var out []Lack
	for k := range a.Constraints {
		c := &a.Constraints[k]
		if !c.Nodes.Has(i) {
			continue
		}
		lack := Lack{Constraint: k}
		for _, e := range c.volumes {
			if lack.Volume == nil && e.Nodes.Has(i) {
				evidence := a.Volumes.Because(e, i)
				lack.Volume = &evidence
			}
		}
		for _, e := range c.filters {
			if at := a.index[i]; lack.Filter == nil && e.Nodes.Has(at) {
				evidence := a.Filters.Because(e, at)
				lack.Filter = &evidence
			}
		}
		out = append(out, lack)
	}
	return out
}

// Message is what kube-scheduler says of the pod if it fits nowhere, up to what it says of preemption, with the engine as its only extender.
func (a *Answer) Message() string {
	said := func(i int, own bool) []string {
		at, ok := a.Snapshot.NodeIndex(a.Others.Node(i).Name)
		if !ok || a.Volumes.Feasible.Has(at) {
			return nil
		}
		for k := range a.Volumes.Eliminations {
			e := &a.Volumes.Eliminations[k]
			if e.Nodes.Has(at) && placement.Configurable(e.Predicate) == own {
				return []string{e.Reason.String()}
			}
		}
		return nil
	}
	return a.Filters.Foretell(func(i int) []string { return said(i, false) }, func(i int) []string { return said(i, true) })
}
