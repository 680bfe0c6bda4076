// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"fmt"
	"slices"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// subject names a volume of the pod.
func subject(v *placement.Volume) string {
	if v.ClaimName != "" {
		return "claim " + v.ClaimName
	}
	return "volume " + v.Name
}

// allowed are the nodes that a cause leaves.
func (c *cause) allowed() topology.NodeSet {
	out := c.nodes.Clone()
	out.Not()
	return out
}

// clause says a cause with names, as a part of a sentence.
func (q *asked) clause(c *cause) string {
	var v *placement.Volume
	if c.volume != placement.PodLevel {
		v = &q.d.Volumes[c.volume]
	}
	switch c.reason {
	case placement.ReasonVolumeAffinity:
		return q.affinityClause(v, c)
	case placement.ReasonVolumeZone:
		return fmt.Sprintf("the zone labels of volume %s allow %s %s", v.Volume.Name, subject(v), only(q.zones.on(c.allowed())))
	case placement.ReasonSelectedNode:
		return q.selectedNodeClause(v)
	case placement.ReasonNoVolume:
		return q.noVolumeClause(v, c)
	case placement.ReasonCapacity:
		return q.capacityClause(v, c)
	case placement.ReasonJointCapacity, placement.ReasonReserved:
		return q.jointClause(c)
	case placement.ReasonAttachLimit:
		return q.attachClause(c)
	case placement.ReasonSingleWriter:
		return fmt.Sprintf("%s is in use by %s, and only one node may have it", subject(v), q.holders(q.blamed(c).pods))
	case placement.ReasonReadWriteOncePod:
		return fmt.Sprintf("%s allows one pod (ReadWriteOncePod), and %s has it", subject(v), q.holders(q.blamed(c).pods))
	case placement.ReasonDiskConflict:
		return fmt.Sprintf("the disk of %s is in use by %s", subject(v), q.holders(q.blamed(c).pods))
	case placement.ReasonDriverRequired, placement.ReasonDriverReady:
		if drivers := q.blamed(c).drivers; len(drivers) > 1 {
			return fmt.Sprintf("CSI drivers %s are not registered %s", both(drivers), q.zones.on(c.nodes))
		}
		return fmt.Sprintf("CSI driver %s is not registered %s", q.blamed(c).Driver, q.zones.on(c.nodes))
	case placement.ReasonTopologyKeys:
		return fmt.Sprintf("the CSINodes give no topology keys of driver %s %s", q.blamed(c).Driver, q.zones.on(c.nodes))
	case placement.ReasonTopologyLabels:
		return fmt.Sprintf("%s, by which driver %s provisions, is missing %s", "the label "+either(q.blamed(c).labels), q.blamed(c).Driver, q.zones.on(c.nodes))
	default:
		return c.reason.String()
	}
}

// only restricts a place: 'in zone-a only'.
func only(place string) string {
	if place == "on no node" {
		return place
	}
	return place + " only"
}

func (q *asked) affinityClause(v *placement.Volume, c *cause) string {
	what := "volume " + v.Volume.Name + " of " + subject(v)
	if !c.allowed().Empty() {
		return fmt.Sprintf("%s can be used %s", what, only(q.zones.on(c.allowed())))
	}
	affinity := q.blamed(c).Conditions[0]
	return fmt.Sprintf("%s can be used on no node: it wants %s%s", what, affinity, q.unknownLabels(affinity))
}

// unknownLabels tells which of the labels that a condition asks for no node carries.
func (q *asked) unknownLabels(condition *topology.Selector) string {
	var unknown []string
	for _, key := range condition.Keys() {
		if !q.Snapshot.LabelOnNodes(key) {
			unknown = append(unknown, key)
		}
	}
	if len(unknown) == 0 {
		return ""
	}
	return ", and no node has the label " + either(unknown)
}

func (q *asked) selectedNodeClause(v *placement.Volume) string {
	node := v.Claim.SelectedNode
	if node == "" {
		return fmt.Sprintf("%s has an empty annotation volume.kubernetes.io/selected-node, which no node meets", subject(v))
	}
	gone := ""
	if _, known := q.Snapshot.NodeIndex(node); !known {
		gone = ", which is not in the cluster any more"
	}
	return fmt.Sprintf("the volume of %s is being provisioned for node %s%s", subject(v), node, gone)
}

func (q *asked) noVolumeClause(v *placement.Volume, c *cause) string {
	class := v.Class
	switch allowed := c.allowed(); {
	case !class.Provisions() && v.Claim.HasSelectedNode:
		return fmt.Sprintf("class %s provisions nothing, and the annotation volume.kubernetes.io/selected-node of %s asks for that", class.Name, subject(v))
	case class.Provisions() && !allowed.Empty():
		return fmt.Sprintf("class %s provisions the volume of %s %s", class.Name, subject(v), only(q.zones.on(allowed)))
	case class.Provisions():
		return fmt.Sprintf("class %s may provision on no node: its allowedTopologies want %s%s",
			class.Name, class.Allowed, q.unknownLabels(class.Allowed))
	case !allowed.Empty():
		return fmt.Sprintf("volumes of class %s that exist and fit %s (%s) are %s", class.Name, subject(v), Size(v.Claim.Request), only(q.zones.on(allowed)))
	default:
		return fmt.Sprintf("class %s provisions nothing, and no available volume of it fits %s (%s)", class.Name, subject(v), Size(v.Claim.Request))
	}
}

func (q *asked) capacityClause(v *placement.Volume, c *cause) string {
	class := v.Claim.Class
	var most int64 = -1
	var at topology.NodeSet
	for _, r := range q.v.Rooms(class).Pools {
		if limit, known := r.Pool.VolumeLimit(); known && limit > most && r.Nodes.Meets(c.nodes) {
			most, at = limit, r.Nodes
		}
	}
	if most < 0 {
		return fmt.Sprintf("driver %s has published no capacity of class %s (CSIStorageCapacity) %s", v.Driver(), class, q.zones.on(c.nodes))
	}
	return fmt.Sprintf("%s wants %s of class %s, and the largest volume that a pool has room for is %s, %s",
		subject(v), Size(v.Claim.Request), class, Size(most), q.zones.on(at))
}

// jointClause is about the delayed claims of one class that would be provisioned there.
func (q *asked) jointClause(c *cause) string {
	because := q.blamed(c)
	claims := make([]string, len(because.Claims))
	for i, claim := range because.Claims {
		claims[i] = fmt.Sprintf("%s (%s)", claim.Name, Size(claim.Request))
	}
	what := fmt.Sprintf("claims %s want %s together", both(claims), Size(because.Wanted))
	if len(claims) == 1 {
		what = fmt.Sprintf("claim %s wants %s", because.Claims[0].Name, Size(because.Wanted))
	}
	if c.reason == placement.ReasonReserved {
		return fmt.Sprintf("%s of class %s, which fits %s, but not beside what is reserved for other pods (on %s: %s)",
			what, because.Class, q.zones.on(c.nodes), q.zones.names(c.nodes, 1)[0], q.promised(because.Promises))
	}
	rooms := q.v.Rooms(because.Class).Pools
	most := rooms[slices.IndexFunc(rooms, func(r *placement.Room) bool { return r.Nodes.Meets(c.nodes) })]
	return fmt.Sprintf("%s, and the pool of class %s with most room has %s left, %s", what, because.Class, Size(most.Free()), q.zones.on(most.Nodes))
}

func (q *asked) attachClause(c *cause) string {
	return fmt.Sprintf("too few attach slots of driver %s are free %s for the pod's volumes", q.blamed(c).Driver, q.zones.on(c.nodes))
}
