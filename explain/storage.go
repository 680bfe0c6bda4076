// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// VolumeExplanation is whose a volume is, and where it can be used.
type VolumeExplanation struct {
	Volume Object
	Spec   *topology.Volume
	Is     VolumeState
	// Fine tells that nothing is wrong with it: it is bound and some node can use it, or it waits for a claim.
	Fine       bool
	Where      Place
	AttachedTo []string
	Users      []User
	// Conditions is what its node affinity asks for; empty for none. Unknown are the labels in it that no node has.
	Conditions string
	Unknown    []string
	Known      Known
}

// VolumeState is whose a volume is.
type VolumeState int

// The states of a volume.
const (
	VolumeAvailable VolumeState = iota
	VolumeBound
	// VolumeKept is kept for a claim that does not exist, or is not bound to it yet.
	VolumeKept
	// VolumeReleased was bound to a claim that is gone. VolumeReplaced was, and there is another claim of the name now.
	VolumeReleased
	VolumeReplaced
	// VolumeDeleting is being deleted, and VolumeOther is in a state that says nothing: it has failed, or was not looked at yet.
	VolumeDeleting
	VolumeOther
)

// OfVolume explains whose a volume is; nil where the snapshot has none of the name.
func OfVolume(s *topology.Snapshot, name string) *VolumeExplanation {
	v := s.Volume(name)
	if v == nil {
		return nil
	}
	z := zonesOf(s)
	e := &VolumeExplanation{
		Volume: Object{Kind: "PersistentVolume", Name: name}, Spec: v, Is: volumeState(s, v), Where: z.place(s.Reach(v)), Known: KnownOf(s),
	}
	for a := range s.AttachmentsOf(name) {
		if a.Attached {
			e.AttachedTo = append(e.AttachedTo, a.Node)
		}
	}
	if e.Is == VolumeBound || e.Is == VolumeDeleting {
		e.Users = usersOf(s, v.ClaimRef)
	}
	if v.Affinity != nil {
		e.Conditions = v.Affinity.String()
		for _, key := range v.Affinity.Keys() {
			if !s.LabelOnNodes(key) {
				e.Unknown = append(e.Unknown, key)
			}
		}
	}
	e.Fine = e.Where.Nodes > 0 && (e.Is == VolumeBound || e.Is == VolumeAvailable || e.Is == VolumeKept)
	return e
}

func volumeState(s *topology.Snapshot, v *topology.Volume) VolumeState {
	claim := s.Claim(v.ClaimRef.Namespace, v.ClaimRef.Name)
	switch {
	case v.Deleting:
		return VolumeDeleting
	case v.HasClaimRef && claim != nil && v.KeptFor(claim) && claim.VolumeName == v.Name:
		return VolumeBound
	case v.HasClaimRef && v.ClaimRefUID == "" || v.HasClaimRef && claim != nil && v.KeptFor(claim):
		return VolumeKept
	case v.HasClaimRef && claim != nil:
		return VolumeReplaced
	case v.HasClaimRef:
		return VolumeReleased
	case v.Available:
		return VolumeAvailable
	default:
		return VolumeOther
	}
}

// ClassExplanation is what a class can provide, and where, as things are.
type ClassExplanation struct {
	Class Object
	Spec  *topology.Class
	// Alone is what is true of a pod with one small claim of the class, so that what rules out nodes for it does for any.
	Alone *Explanation
	// Zones are where nodes are, with how many of them a claim of the class can be for.
	Zones []ClassZone
	// Installed tells that there is a CSIDriver object of its driver, and Registered on how many nodes the driver is.
	Installed  bool
	Registered int
	Pools      []Pool
	// Volumes is how many there are of the class, Free those that no claim has, and Waiting the claims that wait for one.
	Volumes, Free, Waiting int
	Known                  Known
}

// ClassZone is a zone as a class sees it.
type ClassZone struct {
	Zone string `json:"zone,omitempty"`
	// Nodes is how many nodes the zone has, and Can how many of them a claim of the class can be for.
	Nodes int `json:"nodes"`
	Can   int `json:"can"`
	// Largest is the largest volume that a pool reached from these nodes has room for; negative where the driver does not say.
	Largest int64 `json:"largest"`
}

// probe is a claim that is not there, but tried.
const probe = "~claim"

// OfClass explains what a class can provide; nil where the snapshot has none of the name.
func OfClass(s *topology.Snapshot, engine *placement.Engine, name string) *ClassExplanation {
	class := s.Class(name)
	if class == nil {
		return nil
	}
	e := &ClassExplanation{Class: Object{Kind: "StorageClass", Name: name}, Spec: class, Installed: s.Driver(class.Driver) != nil, Known: KnownOf(s)}
	draft := s.Draft()
	delayed := *class
	delayed.Delayed = true // For one that binds at once, the provisioner chooses from the same nodes.
	draft.PutClass(&delayed)
	draft.PutClaim(&topology.Claim{Namespace: probe, Name: probe, Class: name, Request: 1, HasRequest: true, AccessModes: topology.ReadWriteOnce})
	tried := draft.Snapshot()
	q := Question{Snapshot: tried, Engine: engine, Brief: true, Pod: &topology.Pod{
		Namespace: probe, Volumes: []topology.PodVolume{{Name: probe, Claim: probe}},
	}}
	e.Alone = Pod(q)
	e.Pools = PoolsOf(s, name)
	z, rooms := zonesOf(s), placement.RoomsOf(s, name, nil)
	at := map[string]*ClassZone{}
	for i := range s.NumNodes() {
		zone := at[z.Zone(i)]
		if zone == nil {
			zone = &ClassZone{Zone: z.Zone(i), Largest: -1}
			at[zone.Zone] = zone
		}
		zone.Nodes++
		if slices.ContainsFunc(s.Node(i).Drivers, func(d topology.NodeDriver) bool { return d.Name == class.Driver }) {
			e.Registered++
		}
		if !e.Alone.Nodes[i].Fits {
			continue
		}
		zone.Can++
		for _, r := range rooms.On(i) {
			limit, known := r.Pool.VolumeLimit()
			if known && r.Pool.Capacity >= 0 {
				limit = min(limit, r.Free())
			}
			if known {
				zone.Largest = max(zone.Largest, limit)
			}
		}
	}
	for _, zone := range at {
		e.Zones = append(e.Zones, *zone)
	}
	slices.SortFunc(e.Zones, func(a, b ClassZone) int { return strings.Compare(a.Zone, b.Zone) })
	for _, key := range s.Keys(topology.KindVolume) {
		if v := s.Volume(key.Name); v.Class == name {
			e.Volumes++
		}
	}
	for range s.Unclaimed(name) {
		e.Free++
	}
	for _, key := range s.Keys(topology.KindClaim) {
		if c := s.Claim(key.Namespace, key.Name); c.Class == name && c.VolumeName == "" {
			e.Waiting++
		}
	}
	return e
}
