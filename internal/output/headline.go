// SPDX-License-Identifier: Apache-2.0

package output

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/text"
)

// headlineOf is the cause in one sentence.
func headlineOf(e *explain.Explanation) string {
	w := causeWords{e.Pod.Namespace}
	switch {
	case e.Seen != nil:
		return seenHeadline(e)
	case e.Held:
		return heldBack(e)
	case e.Known.Nodes == 0:
		return "there are no nodes"
	case e.Ended:
		return ended(e)
	case len(e.Pinned) > 0:
		return pinned(e.Pod.Name, e.Node, e.Pinned)
	case len(e.Unserved) > 0:
		return w.withoutDriver(e)
	case e.Start != nil:
		return w.started(e)
	case e.Together != nil && !e.Together.Doubted && e.Together.Fits.Nodes == 0:
		return w.together(e) + failingToo(e)
	case e.Allowed == 0:
		return w.nowhere(e) + failingToo(e)
	case len(e.Failing) > 0:
		return allFailing(e.Failing)
	case e.Node != "":
		return w.placed(e)
	case e.Group != nil:
		return groupTooLarge(e)
	case e.Together != nil:
		return w.fitsTogether(e)
	case len(e.Volumes) == 0 && e.Said != "":
		return "the pod has no volumes that restrict placement; kube-scheduler says: " + e.Said
	case len(e.Volumes) == 0:
		return "the pod has no volumes that restrict placement"
	case e.Said != "":
		return fmt.Sprintf("the volumes allow %s, so they do not hold the pod back; kube-scheduler says: %s", allowed(e), e.Said)
	default:
		return fmt.Sprintf("the volumes allow %s%s", allowed(e), best(e))
	}
}

// ended is the headline of a pod that will not run again.
func ended(e *explain.Explanation) string {
	if e.Failed == "" {
		return "the pod has ended"
	}
	return "the pod has ended and failed: " + spoken(e.Failed)
}

func allowed(e *explain.Explanation) string {
	switch all := e.Known.Nodes; {
	case all == 1:
		return "the only node"
	case e.Allowed == all:
		return fmt.Sprintf("all %d nodes", all)
	default:
		return fmt.Sprintf("%d of %d nodes", e.Allowed, all)
	}
}

// best names the best node, and warns where all that are allowed are closed.
func best(e *explain.Explanation) string {
	var best *explain.Node
	open, different := false, false
	for i := range e.Nodes {
		n := &e.Nodes[i]
		if !n.Fits || e.Together != nil && len(e.Together.Lacks[i]) > 0 {
			continue
		}
		different = different || best != nil && *n.Score != *best.Score
		if best == nil || *n.Score > *best.Score {
			best = n
		}
		open = open || n.Note == ""
	}
	switch {
	case !open:
		return ", but none of these is ready and takes pods"
	case !different:
		return ""
	default:
		return fmt.Sprintf(", and moorage prefers %s (score %d of 10)", best.Name, *best.Score)
	}
}

// placed is the headline of a pod that has its node.
func (w causeWords) placed(e *explain.Explanation) string {
	i := slices.IndexFunc(e.Nodes, func(n explain.Node) bool { return n.Name == e.Node })
	switch {
	case i < 0:
		return fmt.Sprintf("the pod is on node %s, which moorage does not know; its volumes allow %s", e.Node, allowed(e))
	case !e.Nodes[i].Fits:
		return fmt.Sprintf("the pod is on node %s, where it could not go again: %s", e.Node, w.clause(&e.Causes[e.Nodes[i].Causes[0]]))
	case e.Allowed == 1:
		return fmt.Sprintf("the pod is on node %s, and its volumes allow no other", e.Node)
	default:
		return fmt.Sprintf("the pod is on node %s; its volumes allow %s", e.Node, allowed(e))
	}
}

// groupTooLarge is the headline of a pod that would fit without the rest of its group.
func groupTooLarge(e *explain.Explanation) string {
	line := fmt.Sprintf("there is room for %d of the %d waiting pods of scheduling group %s; the volumes of this one alone allow %s",
		e.Group.Room, e.Group.Waiting, e.Group.Name, allowed(e))
	if e.Said != "" {
		line += "; kube-scheduler says: " + e.Said
	}
	return line
}

// nowhere is the headline of a pod that no node can take.
func (w causeWords) nowhere(e *explain.Explanation) string {
	causes := make([]*explain.Cause, len(e.Nowhere))
	for i, c := range e.Nowhere {
		causes[i] = &e.Causes[c]
	}
	if len(causes) == 0 {
		return fmt.Sprintf("no node meets all of %d constraints", len(e.Causes))
	}
	ties := slices.DeleteFunc(slices.Clone(causes), func(c *explain.Cause) bool { return !c.Ties() })
	switch {
	case len(causes) == len(ties) && len(ties) > 1 && ofDifferentVolumes(ties):
		return disjoint(ties)
	case len(ties) == 1 && len(causes) > 1:
		rest := slices.DeleteFunc(causes, (*explain.Cause).Ties)
		return fmt.Sprintf("%s ties the pod to %s, and there %s", subject(ties[0].Volume), bare(&ties[0].Allowed), w.clauses(rest))
	default:
		return w.clauses(causes)
	}
}

func ofDifferentVolumes(causes []*explain.Cause) bool {
	for i, c := range causes {
		if slices.ContainsFunc(causes[:i], func(other *explain.Cause) bool { return other.Volume == c.Volume }) {
			return false
		}
	}
	return true
}

// disjoint is for volumes that have their places, which share no node.
func disjoint(causes []*explain.Cause) string {
	parts := make([]string, len(causes))
	for i, c := range causes {
		parts[i] = fmt.Sprintf("%s (%s)", cmp.Or(c.Volume.ClaimName, c.Volume.Name), bare(&c.Allowed))
	}
	return fmt.Sprintf("claims %s share no node", text.And(parts))
}
