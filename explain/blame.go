// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"slices"

	"github.com/moorage-k8s/moorage/explain/start"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// Blame is what the engine ruled out the nodes of a cause for, gathered from its evidence. As there, the reason says which fields are set.
type Blame struct {
	// Evidence is that of the first node.
	placement.Evidence
	// Pods, Drivers and Labels are of all the nodes, each once.
	Pods    []*topology.Pod
	Drivers []string
	Labels  []string
	// Unknown are the labels that the conditions ask for and that no node carries.
	Unknown []string
	// Gone tells that the node for which the claim's volume is being provisioned is not in the cluster: ReasonSelectedNode.
	Gone bool
	// Most is the largest volume (ReasonCapacity; negative where no pool says), or the room (ReasonJointCapacity), of the class's pools that
	// these nodes reach, and At where that pool is reached; or where the source of a claim's volume is (ReasonSource).
	Most int64
	At   Place
	// LostNode is the node that the volume was a part of, and that is not in the cluster (ReasonVolumeAffinity).
	LostNode string
	// Slots are those that the node has (ReasonAttachLimit, where it is one node), and Unused the volumes that hold some of them and that no pod
	// there uses.
	Slots  int
	Unused []start.UnusedVolume
}

// blamed asks the engine for the evidence of a cause, once.
func (q *asked) blamed(c *cause) *Blame {
	if c.blame != nil {
		return c.blame
	}
	b := &Blame{}
	c.blame = b
	first := true
	for i := range c.nodes.All() {
		for _, e := range c.eliminations {
			if !e.Nodes.Has(i) {
				continue
			}
			evidence := q.v.Because(e, i)
			if first {
				b.Evidence, first = evidence, false
			}
			b.Pods = appendNew(b.Pods, evidence.Pods...)
			b.Labels = appendNew(b.Labels, evidence.Labels...)
			if evidence.Driver != "" {
				b.Drivers = appendNew(b.Drivers, evidence.Driver)
			}
		}
		if !c.differs() {
			break
		}
	}
	slices.Sort(b.Labels)
	if len(b.Conditions) > 0 {
		for _, key := range b.Conditions[0].Keys() {
			if !q.Snapshot.LabelOnNodes(key) {
				b.Unknown = append(b.Unknown, key)
			}
		}
	}
	switch c.reason {
	case placement.ReasonSource:
		b.At = q.zones.place(q.meeting(b.Conditions))
	case placement.ReasonSelectedNode:
		_, known := q.Snapshot.NodeIndex(q.d.Volumes[c.volume].Claim.SelectedNode)
		b.Gone = !known
	case placement.ReasonCapacity:
		b.Most = -1
		for _, r := range q.v.Rooms(b.Class).Pools {
			if limit, known := r.Pool.VolumeLimit(); known && limit > b.Most && r.Nodes.Meets(c.nodes) {
				b.Most, b.At = limit, q.zones.place(r.Nodes)
			}
		}
	case placement.ReasonVolumeAffinity:
		b.LostNode = q.lostNode(q.d.Volumes[c.volume].Volume)
	case placement.ReasonAttachLimit:
		q.unusedSlots(c, b)
	case placement.ReasonJointCapacity:
		rooms := q.v.Rooms(b.Class).Pools
		most := rooms[slices.IndexFunc(rooms, func(r *placement.Room) bool { return r.Nodes.Meets(c.nodes) })]
		b.Most, b.At = most.Free(), q.zones.place(most.Nodes)
	}
	return b
}

// meeting are the nodes that meet one of the conditions.
func (q *asked) meeting(conditions []*topology.Selector) topology.NodeSet {
	out := topology.NewNodeSet(q.Snapshot.NumNodes())
	for _, condition := range conditions {
		out.Or(q.Snapshot.Nodes(condition))
	}
	return out
}

// unusedSlots finds who holds the attach slots of nodes without using them.
func (q *asked) unusedSlots(c *cause, b *Blame) {
	left := maxSlotNodes
	for i := range c.nodes.All() {
		if left--; left < 0 {
			break
		}
		b.Unused = append(b.Unused, start.Unused(q.Snapshot, q.Objects, q.Snapshot.Node(i).Name, b.Driver)...)
	}
	if c.nodes.Len() == 1 {
		for i := range c.nodes.All() {
			if slots, limited := q.Snapshot.AttachSlots(b.Driver); limited {
				b.Slots = slots.Limit(i)
			}
		}
	}
}

// differs reports whether other nodes may be ruled out for other pods, drivers or labels than the first.
func (c *cause) differs() bool {
	switch c.reason {
	case placement.ReasonDiskConflict, placement.ReasonDriverReady, placement.ReasonTopologyLabels, placement.ReasonForeignTopology:
		return true
	default:
		return false
	}
}

func appendNew[T comparable](to []T, more ...T) []T {
	for _, v := range more {
		if !slices.Contains(to, v) {
			to = append(to, v)
		}
	}
	return to
}
