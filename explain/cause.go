// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"slices"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// Cause is a reason for which one volume, or the pod's volumes together, rule out nodes, with what is to blame for it.
type Cause struct {
	Predicate string
	Reason    placement.Reason
	// Volume is nil where it is the pod's volumes together.
	Volume *placement.Volume
	// RuledOut are the nodes, Allowed the others, and Alone those that no other cause rules out.
	RuledOut, Allowed, Alone Place
	// Near are the volumes that come nearest, where a claim has to have one that exists and none fits.
	Near []NearMiss
	Blame
}

// Ties reports whether a cause is that a volume has its place.
func (c *Cause) Ties() bool {
	switch c.Reason {
	case placement.ReasonVolumeAffinity, placement.ReasonVolumeZone, placement.ReasonSelectedNode:
		return true
	default:
		return false
	}
}

// cause is a Cause while the question is being answered.
type cause struct {
	// volume is the index in Demand.Volumes, or placement.PodLevel.
	volume    int
	predicate string
	reason    placement.Reason
	nodes     topology.NodeSet
	// alone are those of the nodes that no other cause rules out.
	alone topology.NodeSet
	// subject is the driver or class of a cause of the whole pod.
	subject      string
	eliminations []*placement.Elimination
	blame        *Blame
}

// allowed are the nodes that a cause leaves.
func (c *cause) allowed() topology.NodeSet {
	out := c.nodes.Clone()
	out.Not()
	return out
}

// describe is what is said of a cause.
func (q *asked) describe(c *cause) Cause {
	out := Cause{
		Predicate: c.predicate, Reason: c.reason, Blame: *q.blamed(c),
		RuledOut: q.zones.place(c.nodes), Allowed: q.zones.place(c.allowed()), Alone: q.zones.place(c.alone),
	}
	if c.volume != placement.PodLevel {
		out.Volume = &q.d.Volumes[c.volume]
	}
	if c.reason == placement.ReasonNoVolume && out.Allowed.Nodes == 0 && !out.Volume.Class.Provisions() {
		out.Near = nearMisses(q.Snapshot, out.Volume.Claim)
	}
	return out
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

// maxJoint is how many causes are looked at together.
const maxJoint = 3

// smallest returns the fewest causes that rule out every node between them, by index; none where it takes more than maxJoint. Of as many,
// those that come first in the order of the predicates.
func (q *asked) smallest() []int {
	all := q.Snapshot.NumNodes()
	var pick func(from, left int, ruledOut topology.NodeSet) []int
	pick = func(from, left int, ruledOut topology.NodeSet) []int {
		for i := from; i < len(q.causes); i++ {
			with := q.causes[i].nodes.Clone()
			if ruledOut.Size() > 0 {
				with.Or(ruledOut)
			}
			if left > 1 {
				if rest := pick(i+1, left-1, with); rest != nil {
					return append([]int{i}, rest...)
				}
			} else if with.Len() == all {
				return []int{i}
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
