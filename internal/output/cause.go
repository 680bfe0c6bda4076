// SPDX-License-Identifier: Apache-2.0

package output

import (
	"fmt"
	"strings"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/explain/start"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// causeWords says causes to a person who asks from a namespace: the names of that one stand alone.
type causeWords struct{ namespace string }

// name leaves out the namespace where it is that of the question.
func (w causeWords) name(key topology.Key) string {
	if key.Namespace == w.namespace {
		return key.Name
	}
	return key.String()
}

// holders names pods that keep a volume from another.
func (w causeWords) holders(pods []*topology.Pod) string {
	return text.Few(pods, func(pod *topology.Pod) string { return fmt.Sprintf("pod %s on %s", w.name(pod.Key()), pod.Node) })
}

// clause says a cause with names, as a part of a sentence.
func (w causeWords) clause(c *explain.Cause) string {
	switch v := c.Volume; c.Reason {
	case placement.ReasonVolumeAffinity:
		what := fmt.Sprintf("volume %s of %s can be used ", v.Volume.Name, subject(v))
		if c.Allowed.Nodes > 0 {
			return what + only(&c.Allowed)
		}
		if c.LostNode != "" {
			return fmt.Sprintf("volume %s of %s is a part of node %s, which is not in the cluster, and its data is there: no other node has it",
				v.Volume.Name, subject(v), c.LostNode)
		}
		return fmt.Sprintf("%son no node: it wants %s%s", what, c.Conditions[0], unknown(c))
	case placement.ReasonVolumeZone:
		return fmt.Sprintf("the zone labels of volume %s allow %s %s", v.Volume.Name, subject(v), only(&c.Allowed))
	case placement.ReasonSelectedNode:
		return selectedNode(c)
	case placement.ReasonNoVolume:
		return noVolume(c)
	case placement.ReasonAttachLimit:
		return attachLimit(c)
	case placement.ReasonCapacity, placement.ReasonJointCapacity:
		what, where := short(c)
		return what + where
	case placement.ReasonReserved:
		promised := text.Few(c.Promises, func(p placement.Promise) string {
			return fmt.Sprintf("%s for claim %s", text.Size(p.Bytes), w.name(p.Claim))
		})
		return fmt.Sprintf("%s of class %s, which fits %s, but not beside what is reserved for other pods (on %s: %s)",
			wanted(c), c.Class, on(&c.RuledOut), c.RuledOut.First[0], promised)
	case placement.ReasonSingleWriter:
		return fmt.Sprintf("%s is in use by %s, and only one node may have it", subject(v), w.holders(c.Pods))
	case placement.ReasonReadWriteOncePod:
		return fmt.Sprintf("%s allows one pod (ReadWriteOncePod), and %s has it", subject(v), w.holders(c.Pods))
	case placement.ReasonDiskConflict:
		return fmt.Sprintf("the disk of %s is in use by %s", subject(v), w.holders(c.Pods))
	case placement.ReasonDriverRequired, placement.ReasonDriverReady:
		if len(c.Drivers) > 1 {
			return fmt.Sprintf("CSI drivers %s are not registered %s", text.And(c.Drivers), on(&c.RuledOut))
		}
		return fmt.Sprintf("CSI driver %s is not registered %s", c.Driver, on(&c.RuledOut))
	case placement.ReasonTopologyKeys:
		return fmt.Sprintf("the CSINodes give no topology keys of driver %s %s", c.Driver, on(&c.RuledOut))
	case placement.ReasonTopologyLabels:
		return fmt.Sprintf("the label %s, by which driver %s provisions, is missing %s", text.Or(c.Labels), c.Driver, on(&c.RuledOut))
	case placement.ReasonSource:
		return fromSource(c)
	case placement.ReasonDiskMachine:
		return fmt.Sprintf("%s is a disk of the type %s by class %s, which machines such as %s (%s) cannot attach", subject(v), c.Disk, c.Class, c.Machine, c.RuledOut.First[0])
	case placement.ReasonRebuildRoom:
		room := "has no room for another"
		if c.Had > 0 {
			room = fmt.Sprintf("has room for one of %s", text.Size(c.Had))
		}
		return fmt.Sprintf("%s is of %s, and its replicas are on %s; %s %s, so the pod would read over the network there",
			subject(v), text.Size(c.Wanted), text.And(c.Replicas), c.RuledOut.First[0], room)
	case placement.ReasonForeignTopology:
		return fmt.Sprintf("driver %s provisions by %s, and the allowedTopologies of class %s go by %s, so that nothing is ever provisioned %s ('is not in requisite')",
			c.Driver, text.And(c.Keys), c.Class, text.And(c.Labels), on(&c.RuledOut))
	default:
		return c.Reason.String()
	}
}

// attachLimit says that slots lack, and which are held by volumes that nobody uses.
func attachLimit(c *explain.Cause) string {
	few := fmt.Sprintf("too few attach slots of driver %s are free %s for the pod's volumes", c.Driver, on(&c.RuledOut))
	if len(c.Unused) == 0 {
		what, where := short(c)
		return what + where
	}
	details := text.Few(c.Unused, func(u start.UnusedVolume) string { return u.Volume })
	var going []string
	for i := range c.Unused {
		if u := &c.Unused[i]; u.Deleting {
			going = append(going, u.Volume)
			if u.DetachError != nil {
				details += map[bool]string{true: ", being detached; detach fails: " + spoken(u.DetachError.Words)}[len(going) == 1]
				continue
			}
			details += map[bool]string{true: ", being detached"}[len(going) == 1]
		}
	}
	switch n := len(c.Unused); {
	case c.Slots == n && n == 2:
		return fmt.Sprintf("both attach slots of driver %s on %s are held by volumes that no pod uses (%s)", c.Driver, c.RuledOut.First[0], details)
	case c.Slots == n:
		return fmt.Sprintf("all %s of driver %s on %s are held by volumes that no pod uses (%s)", text.Count(n, "attach slot"), c.Driver, c.RuledOut.First[0], details)
	case c.Slots > 0:
		return fmt.Sprintf("all %s of driver %s on %s are taken, %d of them by volumes that no pod uses (%s)", text.Count(c.Slots, "attach slot"),
			c.Driver, c.RuledOut.First[0], n, details)
	default:
		return fmt.Sprintf("%s, and some are held by volumes that no pod uses (%s)", few, details)
	}
}

// clauses says causes that share the blame. What is short in one place and what is short in another can read like a contradiction, so of
// several of the kind each begins with its place.
func (w causeWords) clauses(causes []*explain.Cause) string {
	places := map[string]int{}
	for _, c := range causes {
		if what, _ := short(c); what != "" {
			places[on(&c.RuledOut)]++
		}
	}
	parts := make([]string, len(causes))
	for i, c := range causes {
		parts[i] = w.clause(c)
		if what, _ := short(c); what != "" && len(places) > 1 {
			parts[i] = on(&c.RuledOut) + ", " + what
		}
	}
	if len(places) > 1 {
		return strings.Join(parts, "; ")
	}
	return strings.Join(parts, "; and ")
}

// short is for causes that something is short in a place: what it is, and where, which continues it. It is empty for others.
func short(c *explain.Cause) (what, where string) {
	switch c.Reason {
	case placement.ReasonCapacity:
		if c.Most < 0 {
			return fmt.Sprintf("driver %s has published no capacity of class %s (CSIStorageCapacity)", c.Volume.Driver(), c.Class), " " + on(&c.RuledOut)
		}
		return fmt.Sprintf("%s wants %s of class %s, and the largest volume that a pool has room for is %s",
			subject(c.Volume), text.Size(c.Volume.Claim.Request), c.Class, text.Size(c.Most)), ", " + on(&c.At)
	case placement.ReasonJointCapacity:
		return fmt.Sprintf("%s, and the pool of class %s with most room has %s left", wanted(c), c.Class, text.Size(c.Most)), ", " + on(&c.At)
	case placement.ReasonAttachLimit:
		return fmt.Sprintf("too few attach slots of driver %s are free", c.Driver), " " + on(&c.RuledOut) + " for the pod's volumes"
	default:
		return "", ""
	}
}

// subject names a volume of the pod.
func subject(v *placement.Volume) string {
	if v.ClaimName != "" {
		return "claim " + v.ClaimName
	}
	return "volume " + v.Name
}

// unknown names the labels that the conditions ask for and no node carries.
func unknown(c *explain.Cause) string {
	if len(c.Unknown) == 0 {
		return ""
	}
	return ", and no node has the label " + text.Or(c.Unknown)
}

func selectedNode(c *explain.Cause) string {
	node := c.Volume.Claim.SelectedNode
	if node == "" {
		return fmt.Sprintf("%s has an empty annotation volume.kubernetes.io/selected-node, which no node meets", subject(c.Volume))
	}
	gone := ""
	if c.Gone {
		gone = ", which is not in the cluster any more"
	}
	return fmt.Sprintf("the volume of %s is being provisioned for node %s%s", subject(c.Volume), node, gone)
}

func noVolume(c *explain.Cause) string {
	class, claim := c.Volume.Class, c.Volume.Claim
	switch {
	case !class.Provisions() && claim.HasSelectedNode:
		return fmt.Sprintf("class %s provisions nothing, and the annotation volume.kubernetes.io/selected-node of %s asks for that", class.Name, subject(c.Volume))
	case class.Provisions() && c.Allowed.Nodes > 0:
		return fmt.Sprintf("class %s provisions the volume of %s %s", class.Name, subject(c.Volume), only(&c.Allowed))
	case class.Provisions():
		return fmt.Sprintf("class %s may provision on no node: its allowedTopologies want %s%s", class.Name, class.Allowed, unknown(c))
	case c.Allowed.Nodes > 0:
		return fmt.Sprintf("volumes of class %s that exist and fit %s (%s) are %s", class.Name, subject(c.Volume), text.Size(claim.Request), only(&c.Allowed))
	default:
		return fmt.Sprintf("class %s provisions nothing, and no available volume of it fits %s (%s)", class.Name, subject(c.Volume), text.Size(claim.Request)) +
			near(claim, &explain.ClaimWait{Near: c.Near})
	}
}

// fromSource says where the source of a claim's volume is, which the volume cannot leave.
func fromSource(c *explain.Cause) string {
	from, does := fmt.Sprintf("a clone of claim %s, whose volume", c.Origin.Claim.Name), "clones"
	if s := c.Origin.Snapshot; s != nil {
		from, does = fmt.Sprintf("to be restored from snapshot %s of claim %s, whose volume", s.Name, c.Origin.Claim.Name), "restores"
	}
	return fmt.Sprintf("%s is %s can be used %s, and driver %s %s there only", subject(c.Volume), from, on(&c.At), c.Driver, does)
}

// wanted is what the delayed claims of one class want.
func wanted(c *explain.Cause) string {
	if len(c.Claims) == 1 {
		return fmt.Sprintf("claim %s wants %s", c.Claims[0].Name, text.Size(c.Wanted))
	}
	claims := make([]string, len(c.Claims))
	for i, claim := range c.Claims {
		claims[i] = fmt.Sprintf("%s (%s)", claim.Name, text.Size(claim.Request))
	}
	return fmt.Sprintf("claims %s want %s together", text.And(claims), text.Size(c.Wanted))
}
