// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/explain/start"
	"github.com/moorage-k8s/moorage/internal/text"
)

// seenHeadline is the headline of a pod of which what decides about nodes could not be read.
func seenHeadline(e *explain.Explanation) string {
	switch s := e.Seen; {
	case e.Ended:
		return ended(e)
	case e.Held:
		return heldBack(e)
	case s.Runs:
		return fmt.Sprintf("the pod runs on node %s; where else it could is not known", e.Node)
	case e.Start != nil && (e.Start.State != start.Starting || len(e.Start.Faults) > 0):
		return causeWords{e.Pod.Namespace}.started(e) // It is in its events and containers.
	case e.Node != "" && s.Waiting != "":
		return fmt.Sprintf("the pod is on node %s and has not started: %s", e.Node, s.Waiting)
	case e.Node != "":
		return fmt.Sprintf("the pod is on node %s and has not started", e.Node)
	case len(s.Gates) > 0:
		return "kube-scheduler holds the pod back until its scheduling gates are removed: " + text.And(s.Gates)
	case len(e.Failing) > 0:
		return allFailing(e.Failing)
	case e.Said != "":
		return "kube-scheduler finds no place for the pod, and why no node will do cannot be looked at with your rights; it says: " + strings.TrimSuffix(e.Said, ".")
	default:
		return "the pod waits, kube-scheduler has not said why, and what decides cannot be looked at with your rights"
	}
}

// seenVolumes are the volumes of such a pod, as its claims tell them.
func seenVolumes(claims []explain.SeenClaim) []Volume {
	out := make([]Volume, len(claims))
	for i, c := range claims {
		out[i] = Volume{
			Volume: c.Volume, Claim: c.Name, State: string(c.State), Class: c.Class, Bytes: c.Bytes, PersistentVolume: c.Bound, Where: "not known",
			Eliminated: map[string]int{},
		}
	}
	return out
}

// seenClaimHeadline says what a claim says by itself.
func seenClaimHeadline(e *explain.SeenClaimExplanation) string {
	used := "no pod uses it"
	if users := text.Few(e.Users, userText); users != "" {
		used = "used by " + users
	}
	switch c := &e.Claim; c.State {
	case explain.SeenBound:
		line := fmt.Sprintf("it is bound to volume %s; %s", c.Bound, used)
		if e.Warning != nil {
			line += "; its volume does not change as it is to: " + inItsWords(e.Warning)
		}
		return line
	case explain.SeenLost:
		return fmt.Sprintf("it is lost: its volume %s is gone, or is another claim's", c.Bound)
	case explain.SeenDeleting:
		return "it is being deleted; " + used
	}
	if e.Warning != nil {
		return fmt.Sprintf("its volume could not be made: %s; %s", inItsWords(e.Warning), used)
	}
	line := "it has no volume yet, and what it waits for cannot be looked at with your rights"
	if e.Claim.SelectedNode != "" {
		line += "; it is to be provisioned for node " + e.Claim.SelectedNode
	}
	return line + "; " + used
}

// WriteSeenClaim writes what a claim says by itself.
func WriteSeenClaim(w io.Writer, of *explain.SeenClaimExplanation, output string, color bool) error {
	c := &of.Claim
	e := &ClaimExplanation{
		APIVersion: apiVersion, Kind: "ClaimExplanation", Claim: explain.Object{Kind: "PersistentVolumeClaim", Namespace: of.Namespace, Name: c.Name},
		Fine: of.Fine(), Headline: seenClaimHeadline(of), State: string(c.State), Class: c.Class, Bytes: c.Bytes,
		PersistentVolume: c.Bound, SelectedNode: c.SelectedNode, Users: of.Users, Unknown: of.Unknown, Known: of.Known,
	}
	if of.Warning != nil {
		e.Help = asHelp(remedies(of.Warning))
	}
	return writeExplained(w, output, e, func(out *bytes.Buffer, _ bool) { claimText(out, e, color) })
}
