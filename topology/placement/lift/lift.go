// SPDX-License-Identifier: Apache-2.0

// Package lift holds the engine's evidence against the engine, for tests: what a verdict blames for rejecting a node is taken away on a
// draft of the snapshot. Without all of it the node is no longer rejected for that reason; as long as any of it is left, it is. So
// an innocent that is blamed, and a culprit that is left out, both show. It is not for production code.
package lift

import (
	"fmt"
	"slices"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// Question is a pod on a snapshot, beside what is pending.
type Question struct {
	Engine   *placement.Engine
	Snapshot *topology.Snapshot
	Pod      *topology.Pod
	Pending  []placement.Pending
}

// Check looks at the evidence for each node of each elimination. It returns what is wrong, and counts the reasons that it has seen.
func (q *Question) Check(seen map[placement.Reason]int) []string {
	var wrong []string
	v := q.filter(q.Snapshot, q.Pending)
	for k := range v.Eliminations {
		e := &v.Eliminations[k]
		for i := range e.Nodes.All() {
			seen[e.Reason]++
			c := &check{Question: q, v: v, e: e, node: i, evidence: v.Because(e, i)}
			c.run()
			wrong = append(wrong, c.wrong...)
		}
	}
	return append(wrong, q.checkPredicates(v)...)
}

func (q *Question) filter(s *topology.Snapshot, pending []placement.Pending) *placement.Verdict {
	return q.Engine.Filter(s, placement.NewDemand(s, q.Pod), pending...)
}

// check is about one elimination and one node.
type check struct {
	*Question
	v        *placement.Verdict
	e        *placement.Elimination
	node     int
	evidence placement.Evidence
	wrong    []string
}

func (c *check) fault(format string, args ...any) {
	c.wrong = append(c.wrong, fmt.Sprintf("pod %s, node %s, %s (volume %d, %s): %s",
		c.Pod.Key(), c.Snapshot.Node(c.node).Name, c.e.Predicate, c.e.Volume, c.e.Reason, fmt.Sprintf(format, args...)))
}

func (c *check) run() {
	blamed := c.blamed()
	if len(blamed) == 0 {
		c.fault("nothing is blamed")
		return
	}
	if c.rejectedWithout(blamed...) {
		c.fault("the node is rejected without all that is blamed: %s", names(blamed))
	}
	for k := range blamed {
		rest := slices.Delete(slices.Clone(blamed), k, k+1)
		if blamed[k].almost != nil {
			rest = append(rest, thing{name: blamed[k].name, takeAway: blamed[k].almost})
		}
		if !c.rejectedWithout(rest...) {
			c.fault("the node passes as long as %s is left, of %s", blamed[k].name, names(blamed))
		}
	}
}

func names(things []thing) []string {
	out := make([]string, len(things))
	for i := range things {
		out[i] = things[i].name
	}
	return out
}

// rejectedWithout reports whether the node is rejected for the same reason once the things are taken away.
func (c *check) rejectedWithout(things ...thing) bool {
	s, pending := c.without(things)
	v := c.filter(s, pending)
	return slices.ContainsFunc(v.Eliminations, func(o placement.Elimination) bool {
		return o.Predicate == c.e.Predicate && o.Volume == c.e.Volume && o.Subject == c.e.Subject && o.Reason == c.e.Reason && o.Nodes.Has(c.node)
	})
}

func (q *Question) without(things []thing) (*topology.Snapshot, []placement.Pending) {
	d := q.Snapshot.Draft()
	pending := slices.Clone(q.Pending)
	for _, t := range things {
		if t.takeAway != nil {
			t.takeAway(d)
		}
		pending = slices.DeleteFunc(pending, func(p placement.Pending) bool { return p.Claim == t.promise })
	}
	return d.Snapshot(), pending
}

// revealed are the reasons of one predicate that another one hides: of a node for which provisioning was not asked for, it is not looked
// at whether the class provisions there, what is reserved is looked at only where the room would do without, and whether a class allows by
// the driver's keys only where there are any. And a node that is given a CSINode for one driver may then lack the driver of a migrated volume.
var revealed = map[placement.Reason]placement.Reason{
	placement.ReasonSelectedNode:  placement.ReasonNoVolume,
	placement.ReasonJointCapacity: placement.ReasonReserved,
	placement.ReasonTopologyKeys:  placement.ReasonForeignTopology,
}

// checkPredicates takes away all that one predicate blames for rejecting a node, whatever the reason: then it passes the node.
func (q *Question) checkPredicates(v *placement.Verdict) []string {
	var wrong []string
	for i := range q.Snapshot.NumNodes() {
		byPredicate := map[string][]*check{}
		for k := range v.Eliminations {
			if e := &v.Eliminations[k]; e.Nodes.Has(i) {
				byPredicate[e.Predicate] = append(byPredicate[e.Predicate], &check{Question: q, v: v, e: e, node: i, evidence: v.Because(e, i)})
			}
		}
		for predicate, checks := range byPredicate {
			var things []thing
			hidden := map[placement.Reason]bool{}
			for _, c := range checks {
				things = append(things, c.blamed()...)
				if reason, ok := revealed[c.e.Reason]; ok {
					hidden[reason] = true
				}
				if !q.Snapshot.Node(i).HasCSINode {
					hidden[placement.ReasonDriverRequired] = true
				}
			}
			s, pending := q.without(things)
			after := q.filter(s, pending)
			for k := range after.Eliminations {
				if e := &after.Eliminations[k]; e.Predicate == predicate && e.Nodes.Has(i) && !hidden[e.Reason] {
					checks[0].fault("the node is rejected (%s) without all that the predicate blames: %s", e.Reason, names(things))
					wrong = append(wrong, checks[0].wrong...)
					break
				}
			}
		}
	}
	return wrong
}
