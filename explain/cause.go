// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"slices"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// cause is a reason for which one volume, or the pod, refuses nodes.
type cause struct {
	// volume is the index in Demand.Volumes, or placement.PodLevel.
	volume    int
	predicate string
	reason    placement.Reason
	nodes     topology.NodeSet
	// alone are those of the nodes that no other cause refuses.
	alone topology.NodeSet
	// subject is the driver or class of a cause of the whole pod.
	subject      string
	eliminations []*placement.Elimination
	blame        *blame
}

// causesOf gathers what a verdict eliminates, in the order of the predicates.
func causesOf(v *placement.Verdict) []cause {
	var out []cause
	for i := range v.Eliminations {
		e := &v.Eliminations[i]
		same := func(c cause) bool {
			return c.volume == e.Volume && c.predicate == e.Predicate && c.reason == e.Reason && c.subject == e.Subject
		}
		at := slices.IndexFunc(out, same)
		if at < 0 {
			at = len(out)
			out = append(out, cause{volume: e.Volume, predicate: e.Predicate, reason: e.Reason, subject: e.Subject, nodes: e.Nodes.Clone()})
		}
		out[at].nodes.Or(e.Nodes)
		out[at].eliminations = append(out[at].eliminations, e)
	}
	for i := range out {
		out[i].alone = out[i].nodes.Clone()
		for j := range out {
			if j != i {
				out[i].alone.AndNot(out[j].nodes)
			}
		}
	}
	return out
}

// constraints are the causes as a table, those that refuse most nodes first.
func (q *asked) constraints() []Constraint {
	out := make([]Constraint, len(q.causes))
	for i := range q.causes {
		c := &q.causes[i]
		out[i] = Constraint{
			Predicate: c.predicate, Reason: c.reason.String(), Code: c.reason.Code().String(),
			Nodes: c.nodes.Len(), Alone: c.alone.Len(), Detail: q.clause(c),
		}
		if c.volume != placement.PodLevel {
			out[i].Volume = q.d.Volumes[c.volume].Name
		}
	}
	return out
}

// maxJoint is how many causes are looked at together for the headline.
const maxJoint = 3

// smallest returns the fewest causes that refuse every node between them, nil where it takes more than maxJoint. Of as many,
// those that come first in the order of the predicates.
func (q *asked) smallest() []*cause {
	all := q.Snapshot.NumNodes()
	var pick func(from, left int, refused topology.NodeSet) []*cause
	pick = func(from, left int, refused topology.NodeSet) []*cause {
		for i := from; i < len(q.causes); i++ {
			c := &q.causes[i]
			with := c.nodes.Clone()
			if refused.Size() > 0 {
				with.Or(refused)
			}
			if left > 1 {
				if rest := pick(i+1, left-1, with); rest != nil {
					return append([]*cause{c}, rest...)
				}
			} else if with.Len() == all {
				return []*cause{c}
			}
		}
		return nil
	}
	for n := 1; n <= maxJoint; n++ {
		if found := pick(0, n, topology.NodeSet{}); found != nil {
			return found
		}
	}
	return nil
}
