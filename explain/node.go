// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"slices"

	"github.com/moorage-k8s/moorage/explain/start"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// NodeExplanation is what a node has for volumes.
type NodeExplanation struct {
	Node Object
	Zone string
	// Note is why the node takes no new pods; empty where it does.
	Note string
	// Unreported tells that there is no CSINode of it.
	Unreported bool
	Drivers    []NodeDriver
	// Lacking are drivers that other nodes have and this one has not.
	Lacking []string
	Pools   []Pool
	Volumes []NodeVolume
	// Reach is, by class, how many of the volumes in the cluster the node can use.
	Reach []ClassReach
	Known Known
}

// NodeDriver is a CSI driver on a node.
type NodeDriver struct {
	Name string `json:"name"`
	// Slots is how many volumes can be attached, negative without a limit; Used how many are, or are used by pods.
	Slots int `json:"slots"`
	Used  int `json:"used"`
	// Attached is how many volumes are attached, as VolumeAttachments say.
	Attached int `json:"attached"`
	// PeerSlots is the limit of Peer, another node, where this one has none.
	Peer      string `json:"peer,omitempty"`
	PeerSlots int    `json:"peerSlots,omitempty"`
	// Full is what the driver says of a volume that it does not attach because there are as many as it takes.
	Full string `json:"full,omitempty"`
	// Topology is where the driver says the node is, as key=value; a label that the node lacks has the value '?'.
	Topology []string `json:"topology,omitempty"`
}

// NodeVolume is a volume that a pod uses on the node, or that is attached to it.
type NodeVolume struct {
	Volume string `json:"volume,omitempty"`
	Claim  string `json:"claim,omitempty"`
	Pod    string `json:"pod,omitempty"`
	// Note is what is special: one of the constants.
	Note string `json:"note,omitempty"`
	// Error is what the driver says of attaching or detaching it.
	Error string `json:"error,omitempty"`
}

// What is special about a volume on a node.
const (
	NoVolumeYet = "no volume yet"
	NotAttached = "not attached"
	Detaching   = "being detached"
	Unused      = "attached, used by no pod here"
)

// ClassReach is how many of a class's volumes a node can use.
type ClassReach struct {
	Class string `json:"class"`
	Can   int    `json:"can"`
	Of    int    `json:"of"`
}

// OfNode explains what a node has for volumes; nil where the snapshot has none of the name.
func OfNode(s *topology.Snapshot, name string) *NodeExplanation {
	i, known := s.NodeIndex(name)
	if !known {
		return nil
	}
	node := s.Node(i)
	z := zonesOf(s)
	e := &NodeExplanation{Node: Object{Kind: "Node", Name: name}, Zone: z.Zone(i), Note: z.Closed(i), Unreported: !node.HasCSINode, Known: KnownOf(s)}
	for _, d := range node.Drivers {
		e.Drivers = append(e.Drivers, nodeDriver(s, i, &d))
	}
	for _, key := range s.Keys(topology.KindDriver) {
		if node.HasCSINode && s.LackingDriver(key.Name).Has(i) {
			e.Lacking = append(e.Lacking, key.Name)
		}
	}
	for _, key := range s.Keys(topology.KindClass) {
		for _, r := range placement.RoomsOf(s, key.Name, nil).On(i) {
			e.Pools = append(e.Pools, poolOf(r, &z))
		}
	}
	e.Volumes = volumesOn(s, name)
	e.Reach = reachOf(s, i)
	return e
}

// attachLimits are the known texts that say that a node takes no more volumes.
var attachLimits = []string{"attach-limit-of-backend", "attach-exhausted", "attach-limit"}

// Attach takes in what drivers say of the node's attachments, which the snapshot does not keep.
func (e *NodeExplanation) Attach(s *topology.Snapshot, objects start.Objects) {
	for i := range e.Volumes {
		v := &e.Volumes[i]
		for _, a := range start.Attachments(s, objects, v.Volume) {
			if a.Node.Name != e.Node.Name {
				continue
			}
			for _, said := range []*start.Said{a.AttachError, a.DetachError} {
				if said == nil {
					continue
				}
				v.Error = said.Message
				volume := s.Volume(v.Volume)
				for k := range e.Drivers {
					if d := &e.Drivers[k]; volume != nil && d.Name == volume.Driver && said.Known != nil && slices.Contains(attachLimits, said.Known.ID) {
						d.Full = said.Words
					}
				}
			}
		}
	}
}

func nodeDriver(s *topology.Snapshot, i int, d *topology.NodeDriver) NodeDriver {
	out := NodeDriver{Name: d.Name, Slots: int(d.Allocatable)}
	if slots, limited := s.AttachSlots(d.Name); limited {
		out.Used = slots.Used(i)
	}
	for _, key := range s.Keys(topology.KindAttachment) {
		if a := s.Attachment(key.Name); a.Node == s.Node(i).Name && a.Driver == d.Name && a.Attached {
			out.Attached++
		}
	}
	if out.Slots < 0 {
		for peer := range s.RegisteredOn(d.Name).All() {
			if limit := s.Node(peer).Driver(d.Name).Allocatable; limit >= 0 {
				out.Peer, out.PeerSlots = s.Node(peer).Name, int(limit)
				break
			}
		}
	}
	for _, key := range d.TopologyKeys {
		value, ok := s.Node(i).Labels[key]
		if !ok {
			value = "?"
		}
		out.Topology = append(out.Topology, key+"="+value)
	}
	return out
}

// volumesOn are the volumes that the node's pods use and those attached to it, by claim and volume.
func volumesOn(s *topology.Snapshot, name string) []NodeVolume {
	attached := map[string]*topology.Attachment{}
	for _, key := range s.Keys(topology.KindAttachment) {
		if a := s.Attachment(key.Name); a.Node == name && a.Volume != "" {
			attached[a.Volume] = a
		}
	}
	used := map[string]bool{}
	var out []NodeVolume
	for _, key := range s.Keys(topology.KindPod) {
		pod := s.Pod(key)
		if pod.Node != name || pod.Terminal {
			continue
		}
		for i := range pod.Volumes {
			claim := s.Claim(pod.Namespace, pod.Volumes[i].Claim)
			if claim == nil {
				continue
			}
			v := NodeVolume{Volume: claim.VolumeName, Claim: claim.Key().String(), Pod: pod.Key().String()}
			used[claim.VolumeName] = true
			switch volume := s.Volume(claim.VolumeName); {
			case volume == nil:
				v.Note = NoVolumeYet
			case (attached[volume.Name] == nil || !attached[volume.Name].Attached && !attached[volume.Name].Deleting) && volume.Driver != "" && s.Attaches(volume.Driver):
				v.Note = NotAttached
			case attached[volume.Name] != nil && attached[volume.Name].Deleting:
				v.Note = Detaching
			}
			out = append(out, v)
		}
	}
	for volume, a := range attached {
		if used[volume] {
			continue
		}
		v := NodeVolume{Volume: volume, Note: Unused}
		switch {
		case a.Deleting:
			v.Note = Detaching
		case !a.Attached:
			v.Note = NotAttached
		}
		if pv := s.Volume(volume); pv != nil && pv.HasClaimRef {
			v.Claim = pv.ClaimRef.String()
		}
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b NodeVolume) int {
		return cmp.Or(cmp.Compare(a.Claim, b.Claim), cmp.Compare(a.Volume, b.Volume), cmp.Compare(a.Pod, b.Pod))
	})
	return out
}

// reachOf counts the volumes of each class, and those that node i can use.
func reachOf(s *topology.Snapshot, i int) []ClassReach {
	at := map[string]*ClassReach{}
	for _, key := range s.Keys(topology.KindVolume) {
		v := s.Volume(key.Name)
		r := at[v.Class]
		if r == nil {
			r = &ClassReach{Class: v.Class}
			at[v.Class] = r
		}
		r.Of++
		if s.Reach(v).Has(i) {
			r.Can++
		}
	}
	var out []ClassReach
	for _, r := range at {
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b ClassReach) int { return cmp.Compare(a.Class, b.Class) })
	return out
}
