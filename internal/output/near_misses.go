// SPDX-License-Identifier: Apache-2.0

package output

import (
	"fmt"
	"strings"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology"
)

// nearMisses says what keeps a claim from the volumes that come nearest. Standard is the cluster's default class.
func nearMisses(near []explain.NearMiss, claim *topology.Claim, standard string) string {
	parts := make([]string, len(near))
	for i := range near {
		parts[i] = nearMiss(&near[i], claim, standard)
	}
	return strings.Join(parts, "; ")
}

func nearMiss(n *explain.NearMiss, claim *topology.Claim, standard string) string {
	v := n.Volume
	what := fmt.Sprintf("volume %s (%s%s) ", v.Name, text.Size(v.Capacity), phase(v))
	if len(n.Fails) == 0 {
		return what + "fits"
	}
	parts := make([]string, len(n.Fails))
	for i, m := range n.Fails {
		if parts[i] = misfit(m, v, claim); m == explain.MisfitClass && claim.Class != "" && claim.Class == standard {
			parts[i] += " (the default, which is filled in where a claim names none)"
		}
	}
	return what + text.And(parts)
}

func phase(v *topology.Volume) string {
	switch {
	case v.Available:
		return ", Available"
	case v.Released:
		return ", Released"
	case v.Failed:
		return ", Failed"
	default:
		return ""
	}
}

func misfit(m explain.Misfit, v *topology.Volume, claim *topology.Claim) string {
	switch m {
	case explain.MisfitEarlier:
		return fmt.Sprintf("is kept for an earlier claim of this name (its claimRef has uid %s, this claim uid %s)", v.ClaimRefUID, claim.UID)
	case explain.MisfitKept:
		return "is kept for claim " + v.ClaimRef.String()
	case explain.MisfitUnclaimable:
		return "has a claimRef that names no claim, since it lacks a namespace or a name"
	case explain.MisfitDeleting:
		return "is being deleted"
	case explain.MisfitSize:
		return fmt.Sprintf("has %s, the claim asks for %s", text.Size(v.Capacity), text.Size(claim.Request))
	case explain.MisfitVolumeMode:
		return fmt.Sprintf("is of volumeMode %s, the claim wants %s", volumeMode(v.Block), volumeMode(claim.Block))
	case explain.MisfitAttributes:
		return fmt.Sprintf("is of VolumeAttributesClass %s, the claim of %s", orNone(v.AttributesClass), orNone(claim.AttributesClass))
	case explain.MisfitClass:
		return fmt.Sprintf("is of class %s, the claim of class %s", orNone(v.Class), orNone(claim.Class))
	case explain.MisfitAccessModes:
		return fmt.Sprintf("offers %s only, the claim wants %s", accessModes(v.AccessModes), accessModes(claim.AccessModes))
	case explain.MisfitSelector:
		return fmt.Sprintf("does not have the labels that the claim's selector asks for (%s)", claim.Selector)
	case explain.MisfitPhase:
		return "is not Available"
	default:
		return "can be used on no node that is there"
	}
}

func orNone(name string) string {
	if name == "" {
		return `"" (none)`
	}
	return name
}

func volumeMode(block bool) string {
	if block {
		return "Block"
	}
	return "Filesystem"
}

func accessModes(m topology.AccessModes) string {
	var names []string
	for _, mode := range []struct {
		is   topology.AccessModes
		name string
	}{
		{topology.ReadWriteOnce, "ReadWriteOnce"},
		{topology.ReadOnlyMany, "ReadOnlyMany"},
		{topology.ReadWriteMany, "ReadWriteMany"},
		{topology.ReadWriteOncePod, "ReadWriteOncePod"},
	} {
		if m.Has(mode.is) {
			names = append(names, mode.name)
		}
	}
	if len(names) == 0 {
		return "no access mode"
	}
	return text.And(names)
}

// fix is what would let the claim have the volume. What was recreated has no data that could be lost: the claim is not bound.
func fix(n *explain.NearMiss, claim *topology.Claim) []string {
	v := n.Volume
	var out, recreate []string
	for _, m := range n.Fails {
		switch m {
		case explain.MisfitEarlier:
			out = append(out, takeOver(v, claim, false))
		case explain.MisfitKept:
			what := fmt.Sprintf("let claim %s have a volume of its own: %s is kept for claim %s", claim.Name, v.Name, v.ClaimRef)
			if v.Released {
				what += ", whose data it holds"
			}
			return []string{what}
		case explain.MisfitUnclaimable:
			out = append(out, fmt.Sprintf("complete the claimRef of volume %s with namespace and name, or remove it", v.Name))
		case explain.MisfitDeleting:
			return nil
		case explain.MisfitSize:
			recreate = append(recreate, "a request of at most "+text.Size(v.Capacity))
		case explain.MisfitVolumeMode:
			recreate = append(recreate, "volumeMode: "+volumeMode(v.Block))
		case explain.MisfitAttributes:
			recreate = append(recreate, "volumeAttributesClassName: "+quoted(v.AttributesClass))
		case explain.MisfitClass:
			recreate = append(recreate, "storageClassName: "+quoted(v.Class))
		case explain.MisfitAccessModes:
			recreate = append(recreate, "accessModes "+accessModes(v.AccessModes)+", if that will do for its pods")
		case explain.MisfitSelector:
			out = append(out, fmt.Sprintf("give volume %s the labels %s, if it is such a volume", v.Name, claim.Selector))
		}
	}
	if len(recreate) > 0 {
		out = append(out, fmt.Sprintf("recreate claim %s with %s; then it can have volume %s (%s)",
			claim.Name, text.And(recreate), v.Name, noData))
	}
	return out
}

func quoted(name string) string {
	if name == "" {
		return `""`
	}
	return name
}

// takeOver is how a claim gets the volume of an earlier claim of its name, with its data. What is Lost wants its own uid there; for others the
// name will do.
func takeOver(v *topology.Volume, claim *topology.Claim, lost bool) string {
	what := fmt.Sprintf("look at what volume %s holds; if it is this claim's data, ", v.Name)
	if !v.Retain {
		what += fmt.Sprintf("set its reclaim policy to Retain, so that nothing deletes it (%s), and ", retain(v))
	}
	if lost {
		return what + fmt.Sprintf("let its claimRef name this claim (%s); its data stays",
			patchVolume(v, "json", `[{"op":"replace","path":"/spec/claimRef/uid","value":"`+string(claim.UID)+`"}]`))
	}
	return what + fmt.Sprintf("remove spec.claimRef.uid from it (%s); its data stays, and claim %s is bound to it",
		patchVolume(v, "json", `[{"op":"remove","path":"/spec/claimRef/uid"}]`), claim.Name)
}

// earlier says that the data of an earlier claim of the name is still there, and the way to it.
func earlier(v *topology.Volume, claim *topology.Claim) string {
	what := fmt.Sprintf("volume %s (Released) is kept for an earlier claim of this name, whose data it holds", v.Name)
	if claim.Bound() || claim.Lost {
		return what
	}
	return what + "; before this claim gets a new, empty volume: " + takeOver(v, claim, false)
}

// retain is the command that keeps a volume's data when its claim goes.
func retain(v *topology.Volume) string {
	return patchVolume(v, "merge", `{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}`)
}

func patchVolume(v *topology.Volume, form, patch string) string {
	return fmt.Sprintf("kubectl patch pv %s --type %s -p %s", plain.Quote(v.Name), form, plain.Quote(patch))
}
