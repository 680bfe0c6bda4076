// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"fmt"
	"strings"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// headline is the cause in one sentence.
func (q *asked) headline(e *Explanation) string {
	all, feasible := q.Snapshot.NumNodes(), q.v.Feasible.Len()
	switch {
	case q.held():
		return "kube-scheduler holds the pod back: " + q.heldBack()
	case all == 0:
		return "there are no nodes"
	case q.Pod.Terminal:
		return "the pod has ended"
	case feasible == 0:
		return q.nowhere()
	case q.Pod.Node != "":
		return q.placed(feasible)
	case e.Group != nil:
		return e.Group.tooLarge(q.fraction(feasible), e.Said)
	case len(q.d.Volumes) == 0 && e.Said != "":
		return "the pod has no volumes that moorage looks at; kube-scheduler says: " + e.Said
	case len(q.d.Volumes) == 0:
		return "the pod has no volumes that moorage looks at, so every node will do"
	case e.Said != "":
		return fmt.Sprintf("not the volumes hold the pod back, they allow %s; kube-scheduler says: %s", q.fraction(feasible), e.Said)
	default:
		return fmt.Sprintf("the volumes allow %s%s", q.fraction(feasible), q.best(e))
	}
}

func (q *asked) fraction(feasible int) string {
	all := q.Snapshot.NumNodes()
	switch {
	case all == 1:
		return "the only node"
	case feasible == all:
		return fmt.Sprintf("all %d nodes", all)
	default:
		return fmt.Sprintf("%d of %d nodes", feasible, all)
	}
}

// best names the best node, and warns where all that are allowed are closed.
func (q *asked) best(e *Explanation) string {
	best, highest, open := -1, -1, false
	different := false
	for i := range q.v.Feasible.All() {
		score := *e.Nodes[i].Score
		different = different || highest >= 0 && score != highest
		if score > highest {
			best, highest = i, score
		}
		open = open || e.Nodes[i].Note == ""
	}
	switch {
	case !open:
		return ", but none of these is ready and takes pods"
	case !different:
		return ""
	default:
		return fmt.Sprintf(", and moorage prefers %s (score %d of 10)", e.Nodes[best].Name, highest)
	}
}

// placed is the headline of a pod that has its node.
func (q *asked) placed(feasible int) string {
	i, known := q.Snapshot.NodeIndex(q.Pod.Node)
	switch {
	case !known:
		return fmt.Sprintf("the pod is on node %s, which moorage does not know; its volumes allow %s", q.Pod.Node, q.fraction(feasible))
	case q.v.Feasible.Has(i) && feasible == 1:
		return fmt.Sprintf("the pod is on node %s, and its volumes allow no other", q.Pod.Node)
	case q.v.Feasible.Has(i):
		return fmt.Sprintf("the pod is on node %s; its volumes allow %s", q.Pod.Node, q.fraction(feasible))
	}
	for c := range q.causes {
		if q.causes[c].nodes.Has(i) {
			return fmt.Sprintf("the pod is on node %s, where it could not go again: %s", q.Pod.Node, q.clause(&q.causes[c]))
		}
	}
	return ""
}

// nowhere is the headline of a pod that no node can take.
func (q *asked) nowhere() string {
	causes := q.smallest()
	switch len(causes) {
	case 0:
		return fmt.Sprintf("no node meets all of %d constraints", len(q.causes))
	case 1:
		return q.clause(causes[0])
	}
	if text, ok := q.disjoint(causes); ok {
		return text
	}
	if c, rest, ok := q.tie(causes); ok {
		return fmt.Sprintf("%s ties the pod to %s, and there %s", subject(&q.d.Volumes[c.volume]), q.tiedTo(c), q.clauses(rest))
	}
	return q.clauses(causes)
}

func (q *asked) clauses(causes []*cause) string {
	parts := make([]string, len(causes))
	for i, c := range causes {
		parts[i] = q.clause(c)
	}
	return strings.Join(parts, "; and ")
}

// places tells whether a cause is that a volume has its place.
func (c *cause) places() bool {
	switch c.reason {
	case placement.ReasonVolumeAffinity, placement.ReasonVolumeZone, placement.ReasonSelectedNode:
		return true
	default:
		return false
	}
}

// disjoint is for volumes that have their places, which share no node.
func (q *asked) disjoint(causes []*cause) (string, bool) {
	var parts []string
	for i, c := range causes {
		if !c.places() {
			return "", false
		}
		for _, other := range causes[:i] {
			if other.volume == c.volume {
				return "", false
			}
		}
		v := &q.d.Volumes[c.volume]
		name := v.ClaimName
		if name == "" {
			name = v.Name
		}
		parts = append(parts, fmt.Sprintf("%s (%s)", name, q.bare(c.allowed())))
	}
	return fmt.Sprintf("claims %s share no node", both(parts)), true
}

// bare is where the nodes are, without the preposition.
func (q *asked) bare(nodes topology.NodeSet) string {
	place := q.zones.on(nodes)
	place = strings.TrimPrefix(place, "in ")
	return strings.TrimPrefix(place, "on ")
}

// tie finds the one cause that is a volume's place, where the others are something else.
func (q *asked) tie(causes []*cause) (tie *cause, rest []*cause, ok bool) {
	for _, c := range causes {
		switch {
		case !c.places():
			rest = append(rest, c)
		case tie != nil:
			return nil, nil, false
		default:
			tie = c
		}
	}
	return tie, rest, tie != nil
}

func (q *asked) tiedTo(c *cause) string { return q.bare(c.allowed()) }
