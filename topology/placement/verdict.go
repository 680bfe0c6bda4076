// SPDX-License-Identifier: Apache-2.0

package placement

import "github.com/moorage-k8s/moorage/topology"

// Elimination is a set of nodes that one predicate refuses for one reason.
type Elimination struct {
	// Predicate is the predicate's name.
	Predicate string
	// Volume is the index in Demand.Volumes of the volume that is to blame, or PodLevel.
	Volume int
	// Subject is the driver or the class that the elimination is about, where several volumes are to blame: eliminations of the whole pod
	// for one reason differ by it.
	Subject string
	Reason  Reason
	// Nodes are those refused. They may have been refused before by another predicate.
	Nodes topology.NodeSet
}

// PodLevel stands in Elimination.Volume for what no single volume is to blame for.
const PodLevel = -1

// Verdict is the answer for every node of the Snapshot. It is read-only once made.
type Verdict struct {
	// Feasible are the nodes that every predicate passed.
	Feasible topology.NodeSet
	// Eliminations are in the order of the predicates. None is without nodes.
	Eliminations []Elimination
	// Demoted are feasible nodes that a predicate with the mode Score put below the others; empty where there is none.
	Demoted topology.NodeSet
	// Undecided are the demand's, and what the predicates could not decide.
	Undecided []Undecided

	demand  *Demand
	delayed []delayedClaim
	query   *query
}

func (v *Verdict) demote(nodes topology.NodeSet) {
	if v.Demoted.Size() == 0 {
		v.Demoted = topology.NewNodeSet(nodes.Size())
	}
	v.Demoted.Or(nodes)
}

// Refusal returns the first elimination that node i is in; nil where the node is feasible.
func (v *Verdict) Refusal(i int) *Elimination {
	if v.Feasible.Has(i) {
		return nil
	}
	for e := range v.Eliminations {
		if v.Eliminations[e].Nodes.Has(i) {
			return &v.Eliminations[e]
		}
	}
	return nil
}
