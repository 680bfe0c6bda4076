// SPDX-License-Identifier: Apache-2.0

package output

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/explain/start"
	"github.com/moorage-k8s/moorage/internal/text"
)

// change says a change, and where the pod then fits.
func (w causeWords) change(e *explain.Explanation, c *explain.Change) string {
	what := w.deed(c)
	if c.With != nil {
		what += ", and " + w.deed(c.With)
	}
	if c.Beside != nil {
		return what + ", and " + w.helpAlone(e, c.Beside) + "; then the pod fits on " + fitsOn(c.Beside)
	}
	return what + "; then the pod fits " + onThen(&c.Fits)
}

func (w causeWords) deed(c *explain.Change) string {
	switch c.Do {
	case explain.Register:
		return fmt.Sprintf("have driver %s registered %s: see that its pod runs there", text.And(c.Drivers), on(c.At))
	case explain.Label:
		return fmt.Sprintf("give node %s its label %s back (%s, say), which driver %s needs", c.Object.Name, text.And(c.Labels), c.Value, text.And(c.Drivers))
	case explain.DetachUnused:
		names := text.Few(c.Unused, func(u start.UnusedVolume) string { return u.Volume })
		return fmt.Sprintf("have %s %s detached from %s, where no pod uses %s%s", text.Plural(len(c.Unused), "volume"), names, c.Unused[0].Node.Name,
			map[bool]string{true: "it", false: "them"}[len(c.Unused) == 1], whyNotDetached(c.Unused))
	case explain.ForgetNode:
		return "remove the annotation volume.kubernetes.io/selected-node from " + subject(c.Volume)
	case explain.Wait:
		if len(c.Pods) == 1 {
			return fmt.Sprintf("wait until %s is gone, or delete it", w.holders(c.Pods))
		}
		return fmt.Sprintf("wait until %s are gone, or delete them", w.holders(c.Pods))
	case explain.MovePod:
		return fmt.Sprintf("move pod %s away from node %s, where it takes %s", w.name(c.Pods[0].Key()), c.Pods[0].Node, text.Count(c.Slots, "attach slot"))
	case explain.ShrinkClaim:
		return fmt.Sprintf("let %s ask for %s instead of %s (recreate it: a claim's request cannot be lowered)",
			subject(c.Volume), text.Size(c.Bytes), text.Size(c.Instead))
	case explain.AddRoom:
		return fmt.Sprintf("free or add %s in the pool of class %s that is reached %s", text.Size(c.Bytes), c.Class, on(c.At))
	case explain.SwitchClass:
		return fmt.Sprintf("recreate the claims of class %s with class %s", c.Class, c.Other)
	case explain.AllowEverywhere:
		return fmt.Sprintf("let class %s (a new one in its place: classes cannot be changed) provision %s too", c.Class, onThen(&c.Fits))
	case explain.AllowByKey:
		return fmt.Sprintf("let class %s (a new one in its place: classes cannot be changed) allow by %s (%s), which its driver provisions by",
			c.Class, c.Labels[0], c.Value)
	case explain.AdaptClaim:
		return strings.Join(fix(c.Near, c.Volume.Claim), "; and ")
	case explain.RestoreInstead:
		return fmt.Sprintf("take a snapshot of claim %s, and make %s from that: its driver restores snapshots elsewhere too", c.From.Claim.Name, subject(c.Volume))
	case explain.StartEmpty:
		return fmt.Sprintf("recreate %s without its data source, and copy the data into it", subject(c.Volume))
	case explain.CreateVolume:
		return fmt.Sprintf("make a volume of class %s with %s for %s that can be used %s", c.Class, text.Size(c.Bytes), subject(c.Volume), onThen(&c.Fits))
	case explain.AddNode:
		return "add a node " + newNode(c) + notKnownBefore(c.SetBy)
	case explain.MoveVolume:
		if c.At == nil {
			return fmt.Sprintf("recreate the volume of %s elsewhere", subject(c.Volume))
		}
		return fmt.Sprintf("recreate the volume of %s %s (restore a snapshot or copy the data; it can be used %s now)", subject(c.Volume), on(c.At), on(c.Now))
	case explain.ReturnNode:
		return fmt.Sprintf("bring node %s back with its disk; a new node with its name or label would come up with an empty volume", c.Object.Name)
	case explain.GiveUp:
		return w.giveUp(c)
	default:
		return ""
	}
}

// giveUp says how to go on without the data of a node that is gone.
func (w causeWords) giveUp(c *explain.Change) string {
	what := fmt.Sprintf("give up the data on that node: delete claim %s", c.Object.Name)
	switch c.Controller {
	case "StatefulSet":
		what += fmt.Sprintf(" and pod %s; both are made again, the volume empty, which is right where the application has the data elsewhere too", w.name(c.Pods[0].Key()))
	case "":
		what += " and create it again, with an empty volume"
	default:
		what += fmt.Sprintf(" and create it again, with an empty volume; then delete pod %s, and its controller makes another", w.name(c.Pods[0].Key()))
	}
	what += ", or where there is a backup; what only that volume held is lost"
	if c.Class != "" {
		what += fmt.Sprintf("; class %s makes no volumes, so the new claim needs one that is made by hand", c.Class)
	}
	return what
}

// newNode is what a node that is to be added is like.
func newNode(c *explain.Change) string {
	switch {
	case c.Value != "":
		return "with the labels " + c.Value
	case c.Zone != "":
		return fmt.Sprintf("in %s like %s", zoneName(c.Zone), c.Like)
	default:
		return "like " + c.Like
	}
}

// notKnownBefore says which labels of a node that is to be added a driver sets when it runs there: those who make the node cannot ask for them, and an autoscaler
// does not know them.
func notKnownBefore(setBy map[string]string) string {
	if len(setBy) == 0 {
		return ""
	}
	labels := slices.Sorted(maps.Keys(setBy))
	verb := map[bool]string{true: "label %s is", false: "labels %s are"}[len(labels) == 1]
	return fmt.Sprintf(" (the "+verb+" set by driver %s when it starts on a node: no autoscaler can know that before)", text.And(labels), setBy[labels[0]])
}

// whyNotDetached is what to look at for volumes that are being detached and are not.
func whyNotDetached(unused []start.UnusedVolume) string {
	for i := range unused {
		if unused[i].DetachError != nil {
			return ": the log of the driver's controller tells why that fails"
		}
	}
	return ""
}
