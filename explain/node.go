// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// NodeExplanation is what a node has for volumes.
type NodeExplanation struct {
	Node     Object       `json:"node"`
	Zone     string       `json:"zone,omitempty"`
	Headline string       `json:"headline"`
	Note     string       `json:"note,omitempty"`
	Drivers  []NodeDriver `json:"drivers"`
	// Lacking are drivers that other nodes have and this one has not.
	Lacking []string     `json:"lacking,omitempty"`
	Pools   []Pool       `json:"pools,omitempty"`
	Volumes []NodeVolume `json:"volumes,omitempty"`
	// Reach is, by class, how many of the volumes in the cluster the node can use.
	Reach []ClassReach `json:"reach,omitempty"`
	Known Known        `json:"known"`
}

// NodeDriver is a CSI driver on a node.
type NodeDriver struct {
	Name string `json:"name"`
	// Slots is how many volumes can be attached, negative without a limit; Used how many are, or are used by pods.
	Slots int `json:"slots"`
	Used  int `json:"used"`
	// Topology is where the driver says the node is, as key=value; a label that the node lacks has the value '?'.
	Topology []string `json:"topology,omitempty"`
}

// NodeVolume is a volume that a pod uses on the node, or that is attached to it.
type NodeVolume struct {
	Volume string `json:"volume,omitempty"`
	Claim  string `json:"claim,omitempty"`
	Pod    string `json:"pod,omitempty"`
	// Note tells what is special: attached and used by no pod, used and not attached, being detached.
	Note string `json:"note,omitempty"`
}

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
	e := &NodeExplanation{Node: Object{Kind: "Node", Name: name}, Zone: z.Zone(i), Note: z.Closed(i), Known: KnownOf(s)}
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
	e.Headline = e.headline(node)
	return e
}

func nodeDriver(s *topology.Snapshot, i int, d *topology.NodeDriver) NodeDriver {
	out := NodeDriver{Name: d.Name, Slots: int(d.Allocatable)}
	if slots, limited := s.AttachSlots(d.Name); limited {
		out.Used = slots.Used(i)
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
				v.Note = "no volume yet"
			case attached[volume.Name] == nil && volume.Driver != "" && s.Attaches(volume.Driver):
				v.Note = "not attached"
			case attached[volume.Name] != nil && attached[volume.Name].Deleting:
				v.Note = "being detached"
			}
			out = append(out, v)
		}
	}
	for volume, a := range attached {
		if used[volume] {
			continue
		}
		v := NodeVolume{Volume: volume, Note: "attached, used by no pod here"}
		if a.Deleting {
			v.Note = "being detached"
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

func (e *NodeExplanation) headline(node *topology.Node) string {
	var parts []string
	if e.Note != "" {
		parts = append(parts, e.Note)
	}
	if e.Zone != "" {
		parts = append(parts, "in "+named(e.Zone))
	}
	for i := range e.Drivers {
		d := &e.Drivers[i]
		switch {
		case d.Slots >= 0 && d.Used >= d.Slots:
			parts = append(parts, fmt.Sprintf("all %d attach slots of %s are taken", d.Slots, d.Name))
		case d.Slots >= 0:
			parts = append(parts, fmt.Sprintf("%d of %d attach slots of %s free", d.Slots-d.Used, d.Slots, d.Name))
		}
		for _, t := range d.Topology {
			if key, missing := strings.CutSuffix(t, "=?"); missing {
				parts = append(parts, fmt.Sprintf("the label %s that driver %s provisions by is missing", key, d.Name))
			}
		}
	}
	switch {
	case !node.HasCSINode:
		parts = append(parts, "no CSINode object, so nothing is known of its drivers")
	case len(e.Drivers) == 0:
		parts = append(parts, "no CSI driver is registered")
	}
	if len(parts) == 0 {
		return count(len(e.Drivers), "CSI driver") + " without a limit on volumes"
	}
	return strings.Join(parts, "; ")
}
