// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"fmt"
	"slices"

	"github.com/moorage-k8s/moorage/topology"
)

// State is how far a volume of the pod is on its way.
type State uint8

// The states of a volume, as kube-scheduler tells them apart (GetPodVolumeClaims in volumebinding/binder.go).
const (
	// Bound: the claim has its volume.
	Bound State = iota
	// Delayed: the claim waits for its first consumer, so the choice of the node decides where it is bound or provisioned.
	Delayed
	// InlineVolume: the pod names the volume itself; there is no claim.
	InlineVolume
	// Held: kube-scheduler itself holds the pod back (a claim that is missing, lost, being deleted, or waits to be bound
	// without the pod). Nothing is decided about nodes.
	Held
)

// String is the name that an explanation shows.
func (s State) String() string { return [...]string{"Bound", "Delayed", "Inline", "Held"}[s] }

// Volume is one volume of the pod, followed through its claim to a volume or a class.
type Volume struct {
	// Name is the volume's name in the pod, ClaimName its claim's.
	Name, ClaimName string
	State           State
	// Ephemeral is a generic ephemeral volume, whose claim is made for the pod.
	Ephemeral bool
	// Disk is set for an inline disk that pods may not share freely, and Inline for an inline volume that a CSI driver
	// serves; such volumes have no claim.
	Disk   *topology.Disk
	Inline *Inline
	// NodeDriver is set for an inline volume of the kind csi, which the node makes for the pod by that driver.
	NodeDriver string
	// Claim is nil for an inline volume, and may be for a Held one.
	Claim *topology.Claim
	// Volume is set for a Bound volume that the cache knows.
	Volume *topology.Volume
	// Class is set for a Delayed volume; for others where the cache knows it.
	Class *topology.Class
}

// Inline is a volume of an in-tree plugin that the pod names inline, by what it is to the CSI driver that serves it.
type Inline struct {
	Plugin, Driver, Handle string
	// SingleAttach reports whether the attach-detach controller attaches it to one node at a time.
	SingleAttach bool
}

// Driver is the CSI driver that serves the volume or would provision it; empty where that is not known.
func (v *Volume) Driver() string {
	switch {
	case v.NodeDriver != "":
		return v.NodeDriver
	case v.Inline != nil:
		return v.Inline.Driver
	case v.Volume != nil && v.Volume.Migration != nil:
		return v.Volume.Migration.Driver
	case v.Volume != nil:
		return v.Volume.Driver
	case v.Class != nil:
		return v.Class.Driver
	default:
		return ""
	}
}

// Undecided is a volume about which the engine decides nothing, and why.
type Undecided struct {
	// Cause is of a small fixed set, for metrics; Detail says it for a person, with names.
	Cause  Cause
	Volume string
	Detail string
}

// Cause is why nothing is decided about a volume.
type Cause string

// The causes. Each but NotSeen is a state in which kube-scheduler itself refuses the pod.
const (
	CauseClaimMissing    Cause = "claim-missing"
	CauseClaimLost       Cause = "claim-lost"
	CauseClaimDeleting   Cause = "claim-deleting"
	CauseClaimNotBound   Cause = "claim-not-bound"
	CauseClaimNotOurs    Cause = "claim-of-another-owner"
	CauseVolumeMissing   Cause = "volume-missing"
	CauseClassMissing    Cause = "class-missing"
	CauseUnreadable      Cause = "unreadable-selector"
	CauseNodeNotInCache  Cause = "node-missing"
	CausePredicateFailed Cause = "predicate-failed"
)

// Demand is what a pod's volumes ask of a node. It belongs to one Snapshot and is read-only once made.
type Demand struct {
	Pod       *topology.Pod
	Volumes   []Volume
	Undecided []Undecided
}

// NewDemand follows every volume of the pod through the snapshot.
func NewDemand(s *topology.Snapshot, pod *topology.Pod) *Demand {
	d := &Demand{Pod: pod}
	if len(pod.Volumes) > 0 {
		d.Volumes = make([]Volume, len(pod.Volumes))
	}
	for i := range pod.Volumes {
		d.resolve(s, &pod.Volumes[i], &d.Volumes[i])
	}
	return d
}

// namedBefore reports whether a volume before the one at index i names the same claim.
func (d *Demand) namedBefore(i int) bool {
	return slices.ContainsFunc(d.Volumes[:i], func(v Volume) bool { return v.Claim == d.Volumes[i].Claim })
}

func (d *Demand) resolve(s *topology.Snapshot, from *topology.PodVolume, v *Volume) {
	*v = Volume{Name: from.Name, ClaimName: from.Claim, State: Held, Ephemeral: from.Ephemeral}
	if from.Claim == "" {
		v.State, v.Disk, v.NodeDriver = InlineVolume, from.Disk, from.NodeDriver
		if from.Driver != "" {
			v.Inline = &Inline{from.Plugin, from.Driver, from.Handle, from.SingleAttach}
		}
		return
	}
	claim := s.Claim(d.Pod.Namespace, from.Claim)
	if claim == nil {
		d.undecided(v, CauseClaimMissing, "claim %s/%s is not known", d.Pod.Namespace, from.Claim)
		return
	}
	v.Claim = claim
	v.Class = s.Class(claim.Class)
	switch {
	case from.Ephemeral && d.Pod.UID != "" && claim.Owner != d.Pod.UID:
		d.undecided(v, CauseClaimNotOurs, "claim %s was not made for this pod's ephemeral volume", claim.Key())
	case claim.Lost:
		d.undecided(v, CauseClaimLost, "claim %s has lost its volume %s", claim.Key(), claim.VolumeName)
	case claim.Deleting:
		d.undecided(v, CauseClaimDeleting, "claim %s is being deleted", claim.Key())
	case claim.Bound():
		v.Volume = s.Volume(claim.VolumeName)
		if v.Volume == nil {
			d.undecided(v, CauseVolumeMissing, "volume %s of claim %s is not known", claim.VolumeName, claim.Key())
			return
		}
		v.State = Bound
		if err := unreadable(v.Volume); err != nil {
			d.undecided(v, CauseUnreadable, "node affinity of volume %s: %v", v.Volume.Name, err)
		}
	case v.Class == nil && claim.Class != "":
		d.undecided(v, CauseClassMissing, "class %s of claim %s is not known", claim.Class, claim.Key())
	case v.Class == nil || !v.Class.Delayed || claim.VolumeName != "":
		d.undecided(v, CauseClaimNotBound, "claim %s is to be bound before the pod is scheduled, and is not bound yet", claim.Key())
	case claim.SelectorErr != nil:
		d.undecided(v, CauseUnreadable, "selector of claim %s: %v", claim.Key(), claim.SelectorErr)
	default:
		v.State = Delayed
	}
}

// unreadable returns why the volume's node affinity, or what it becomes where its plugin is migrated, cannot be read.
func unreadable(v *topology.Volume) error {
	if err := v.Affinity.Err(); err != nil || v.Migration == nil {
		return err
	}
	if v.Migration.Err != nil {
		return v.Migration.Err
	}
	return v.Migration.Affinity.Err()
}

func (d *Demand) undecided(v *Volume, cause Cause, format string, args ...any) {
	d.Undecided = append(d.Undecided, Undecided{Cause: cause, Volume: v.Name, Detail: fmt.Sprintf(format, args...)})
}
