// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"fmt"
	"slices"
	"strings"

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
		return fmt.Sprintf("%s is in use by %s, and only one node may have it", subject(v), q.users(c))
	case placement.ReasonReadWriteOncePod:
		return fmt.Sprintf("%s allows one pod (ReadWriteOncePod), and %s has it", subject(v), q.users(c))
	case placement.ReasonDiskConflict:
		return fmt.Sprintf("the disk of %s is in use by %s", subject(v), q.users(c))
	case placement.ReasonDriverRequired, placement.ReasonDriverReady:
		return fmt.Sprintf("CSI driver %s is not registered %s", both(q.lackedDrivers(c)), q.zones.on(c.nodes))
	case placement.ReasonTopologyKeys:
		return fmt.Sprintf("the CSINodes give no topology keys of driver %s %s", v.Driver(), q.zones.on(c.nodes))
	case placement.ReasonTopologyLabels:
		return fmt.Sprintf("%s, by which driver %s provisions, is missing %s", q.lackedLabels(v, c), v.Driver(), q.zones.on(c.nodes))
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
	affinity := v.Volume.Affinity
	if m := v.Volume.Migration; m != nil && m.Err == nil && !q.Snapshot.MigratedOn(m.Plugin).Empty() {
		affinity = m.Affinity
	}
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
	for _, r := range roomsOf(q.Snapshot, class, q.uses) {
		if limit, known := r.pool.VolumeLimit(); known && limit > most && r.nodes.Meets(c.nodes) {
			most, at = limit, r.nodes
		}
	}
	if most < 0 {
		return fmt.Sprintf("driver %s has published no capacity of class %s (CSIStorageCapacity) %s", v.Driver(), class, q.zones.on(c.nodes))
	}
	return fmt.Sprintf("%s wants %s of class %s, and the largest volume that a pool has room for is %s, %s",
		subject(v), Size(v.Claim.Request), class, Size(most), q.zones.on(at))
}

// jointClause is about all delayed claims of one class; of which, the elimination does not say where there are several.
func (q *asked) jointClause(c *cause) string {
	var parts []string
	for _, class := range q.delayedClasses() {
		var claims []string
		var sum int64
		for i := range q.d.Volumes {
			if v := &q.d.Volumes[i]; v.State == placement.Delayed && v.Claim.Class == class {
				claims = append(claims, fmt.Sprintf("%s (%s)", v.ClaimName, Size(v.Claim.Request)))
				sum = topology.AddBytes(sum, v.Claim.Request)
			}
		}
		rooms := slices.DeleteFunc(roomsOf(q.Snapshot, class, q.uses), func(r room) bool { return !r.nodes.Meets(c.nodes) })
		if len(rooms) == 0 {
			continue
		}
		what := fmt.Sprintf("claims %s want %s together", both(claims), Size(sum))
		if len(claims) == 1 {
			what = fmt.Sprintf("claim %s wants %s", q.firstOf(class).ClaimName, Size(sum))
		}
		if c.reason == placement.ReasonReserved {
			var reserved int64
			for _, r := range q.reservations() {
				if r.Class == class {
					reserved = topology.AddBytes(reserved, r.Bytes)
				}
			}
			parts = append(parts, fmt.Sprintf("%s of class %s, which fits %s, but not beside what is reserved for other pods (%s in this class)",
				what, class, q.zones.on(c.nodes), Size(reserved)))
			continue
		}
		parts = append(parts, fmt.Sprintf("%s, and the pool of class %s with most room has %s left, %s",
			what, class, Size(rooms[0].free()), q.zones.on(rooms[0].nodes)))
	}
	return strings.Join(parts, "; ")
}

func (q *asked) firstOf(class string) *placement.Volume {
	i := slices.IndexFunc(q.d.Volumes, func(v placement.Volume) bool { return v.State == placement.Delayed && v.Claim.Class == class })
	return &q.d.Volumes[i]
}

func (q *asked) attachClause(c *cause) string {
	return fmt.Sprintf("too few attach slots of driver %s are free %s for the pod's volumes", both(q.limitedDrivers()), q.zones.on(c.nodes))
}

// limitedDrivers are those of the pod's drivers that can attach a limited number of volumes to a node.
func (q *asked) limitedDrivers() []string {
	var out []string
	for i := range q.d.Volumes {
		driver := q.d.Volumes[i].Driver()
		if _, limited := q.Snapshot.AttachSlots(driver); limited && !slices.Contains(out, driver) {
			out = append(out, driver)
		}
	}
	return out
}

// lackedDrivers are those of the pod's drivers that the refused nodes do not have.
func (q *asked) lackedDrivers(c *cause) []string {
	var out []string
	for i := range q.d.Volumes {
		driver := q.d.Volumes[i].Driver()
		if driver == "" || slices.Contains(out, driver) || c.volume != placement.PodLevel && c.volume != i {
			continue
		}
		for node := range c.nodes.All() {
			if q.Snapshot.Node(node).Driver(driver) == nil {
				out = append(out, driver)
				break
			}
		}
	}
	return out
}

// lackedLabels names the labels that the refused nodes lack.
func (q *asked) lackedLabels(v *placement.Volume, c *cause) string {
	var keys []string
	for i := range c.nodes.All() {
		node := q.Snapshot.Node(i)
		driver := node.Driver(v.Driver())
		if driver == nil {
			continue
		}
		for _, key := range driver.TopologyKeys {
			if _, ok := node.Labels[key]; !ok && !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	slices.Sort(keys)
	return "the label " + either(keys)
}
