// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/moorage-k8s/moorage/topology"
)

// NearMiss is a volume that a claim is not bound to, and all that is in the way; nothing where the two only have to be looked at.
type NearMiss struct {
	Volume *topology.Volume
	Fails  []Misfit
}

// Misfit is one thing for which kube-controller-manager does not bind a claim to a volume.
type Misfit int

// The misfits, in the order in which they are looked at: FindMatchingVolume and IsVolumeBoundToClaim of k8s.io/component-helpers/storage/volume,
// checkVolumeSatisfyClaim and syncUnboundClaim in pkg/controller/volume/persistentvolume/pv_controller.go.
const (
	// MisfitEarlier: the volume is kept for an earlier claim of the name, by its uid, and holds that one's data.
	MisfitEarlier Misfit = iota
	// MisfitKept: it is kept for a claim of another name, and MisfitUnclaimable for one that its claimRef does not name in full.
	MisfitKept
	MisfitUnclaimable
	MisfitDeleting
	MisfitSize
	MisfitVolumeMode
	MisfitAttributes
	MisfitClass
	MisfitAccessModes
	MisfitSelector
	// MisfitPhase: it is neither available nor bound.
	MisfitPhase
	// MisfitNode: no node that is there can use it.
	MisfitNode
)

// far is how much it takes to fix a misfit, for the order of the nearest.
func (m Misfit) far() int {
	switch m {
	case MisfitEarlier:
		return 0
	case MisfitKept, MisfitDeleting:
		return 4
	case MisfitSize, MisfitPhase, MisfitNode, MisfitUnclaimable:
		return 2
	default:
		return 1
	}
}

const (
	// nearest is how many volumes are named.
	nearest = 3
	// nearEnough is how far those are at most that were not asked for by name.
	nearEnough = 3
)

// misfits are what is between a claim and a volume. A claim that names its volume is not held to its selector, nor to the volume's phase.
func misfits(s *topology.Snapshot, v *topology.Volume, claim *topology.Claim) []Misfit {
	named := claim.VolumeName != ""
	if named && v.KeptFor(claim) {
		return nil // What is kept for each other is bound whatever else they say.
	}
	var out []Misfit
	add := func(fails bool, m Misfit) {
		if fails {
			out = append(out, m)
		}
	}
	kept := v.KeptFor(claim)
	if v.HasClaimRef && !kept {
		switch {
		case v.ClaimRef == claim.Key():
			out = append(out, MisfitEarlier)
		case v.ClaimRef.Namespace == "" || v.ClaimRef.Name == "":
			out = append(out, MisfitUnclaimable)
		default:
			out = append(out, MisfitKept)
		}
	}
	add(v.Deleting, MisfitDeleting)
	add(v.Capacity < claim.Request, MisfitSize)
	add(v.Block != claim.Block, MisfitVolumeMode)
	add(v.AttributesClass != claim.AttributesClass, MisfitAttributes)
	if !kept {
		add(v.Class != claim.Class, MisfitClass)
		add(!v.AccessModes.Has(claim.AccessModes), MisfitAccessModes)
		add(!named && claim.Selector != nil && !claim.Selector.Matches(labels.Set(v.Labels)), MisfitSelector)
		add(!named && !v.Available && !v.HasClaimRef, MisfitPhase)
	}
	add(s.NumNodes() > 0 && s.Reach(v).Empty(), MisfitNode)
	return out
}

// nearMisses are the volumes that come nearest to what an unbound claim asks for, or the one that it names. What other claims have is none
// of them, and neither is what they left, or what is kept for one that is not there, unless nothing else is in the way.
func nearMisses(s *topology.Snapshot, claim *topology.Claim) []NearMiss {
	if claim.VolumeName != "" {
		if v := s.Volume(claim.VolumeName); v != nil {
			return []NearMiss{{v, misfits(s, v, claim)}}
		}
		return nil
	}
	type rated struct {
		NearMiss
		far int
	}
	var near []rated
	for _, key := range s.Keys(topology.KindVolume) {
		v := s.Volume(key.Name)
		others := v.HasClaimRef && v.ClaimRef != claim.Key() && v.ClaimRef.Namespace != "" && !v.Released
		if others && s.Claim(v.ClaimRef.Namespace, v.ClaimRef.Name) != nil {
			continue
		}
		r := rated{NearMiss: NearMiss{v, misfits(s, v, claim)}}
		for _, m := range r.Fails {
			r.far += m.far()
		}
		if r.far > nearEnough && (len(r.Fails) > 1 || r.Fails[0] != MisfitKept) {
			continue
		}
		near = append(near, r)
	}
	slices.SortStableFunc(near, func(a, b rated) int {
		return cmp.Or(cmp.Compare(a.far, b.far), cmp.Compare(a.Volume.Capacity, b.Volume.Capacity), cmp.Compare(a.Volume.Name, b.Volume.Name))
	})
	var out []NearMiss
	for _, r := range near[:min(len(near), nearest)] {
		if len(r.Fails) <= len(near[0].Fails)+1 {
			out = append(out, r.NearMiss)
		}
	}
	return out
}

// earlierVolumes are those that hold the data of an earlier claim of the name.
func earlierVolumes(s *topology.Snapshot, claim *topology.Claim) []*topology.Volume {
	var out []*topology.Volume
	for v := range s.KeptFor(claim.Key()) {
		if v.Released && !v.KeptFor(claim) {
			out = append(out, v)
		}
	}
	return out
}
