// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"slices"

	"github.com/moorage-k8s/moorage/explain/start"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// Change is a change to the cluster after which the pod fits: the engine was asked with the change made. Which fields are set depends on
// what is to be done.
type Change struct {
	Do Deed
	// Object is what is to be changed, deleted or added. A node that is to be added has no name.
	Object Object
	// Volume is the volume of the pod whose claim, or whose data, is changed.
	Volume *placement.Volume
	// Pods are to go: Wait, MovePod.
	Pods []*topology.Pod
	// Drivers need a label (Label), are to be registered (Register), or have the slots that a pod takes (MovePod).
	Drivers []string
	// Labels are missing on a node, and Value is one for the first of them (Label); or they are those of a node that is to be added, all in
	// Value; or the one by which a class is to allow values, all in Value (AllowByKey).
	Labels []string
	Value  string
	// Like is the node, and Zone its zone, that one to be added is like.
	Like, Zone string
	// Class is the class to be changed or to make room in, Other the one to take in its place.
	Class, Other string
	// Bytes is a size or how much more is needed, in place of Instead.
	Bytes, Instead int64
	// From is what a claim's volume is to be made from: RestoreInstead, StartEmpty.
	From *topology.Origin
	// Unused are volumes to be detached from a node on which no pod uses them.
	Unused []start.UnusedVolume
	// Slots is how many attach slots a pod takes.
	Slots int
	// At is where it is to be done: drivers registered, room made, data moved to, from where it is Now. At is nil for anywhere.
	At, Now *Place
	// Fits is where the pod then fits.
	Fits Place
	// Near is the volume that comes nearest, and all that is in the way (AdaptClaim).
	Near *NearMiss
	// Controller is the kind of what makes the pod again once it is deleted (GiveUp); empty for nothing.
	Controller string
	// With is a second change, without which this one does not help.
	With *Change
}

// Deed is what a Change asks for.
type Deed int

// What can be done.
const (
	// Register has drivers registered on nodes.
	Register Deed = iota
	// Label gives a node its topology labels back.
	Label
	// DetachUnused has volumes detached that no pod uses.
	DetachUnused
	// ForgetNode takes the selected node off a claim.
	ForgetNode
	// Wait is for pods to go, or for someone to delete them.
	Wait
	// MovePod takes a pod off a node, for its attach slots.
	MovePod
	// ShrinkClaim creates a claim again that asks for less.
	ShrinkClaim
	// AddRoom frees room in a pool, or adds it.
	AddRoom
	// SwitchClass creates claims again with another class.
	SwitchClass
	// AllowEverywhere replaces a class by one without allowedTopologies.
	AllowEverywhere
	// AllowByKey replaces a class by one whose allowedTopologies are by a key of its driver.
	AllowByKey
	// AdaptClaim removes what is between a claim and the volume that comes nearest.
	AdaptClaim
	// RestoreInstead creates a claim that is a clone again from a snapshot of the same source, which its driver restores anywhere.
	RestoreInstead
	// StartEmpty creates a claim again without its source, for its data to be copied.
	StartEmpty
	// CreateVolume creates a volume by hand, for a class that provisions nothing.
	CreateVolume
	// AddNode adds a node.
	AddNode
	// MoveVolume creates a claim's volume again elsewhere, with its data.
	MoveVolume
	// ReturnNode has a node come back that a volume was a part of, and GiveUp creates a claim again, without the data that was there.
	ReturnNode
	GiveUp
)

// proposal is a change that has not been tried.
type proposal struct {
	Change
	// cost orders the changes: the least first.
	cost cost
	// apply makes the change.
	apply func(d *topology.Draft)
}

// cost is how much a change asks of a person: to fix what is broken, to wait for another pod, to change a number, to add a
// machine, and at last to move data.
type cost int

const (
	costFix cost = iota
	costWait
	costNumber
	costClass
	costVolume
	costNode
	costMove
)

// maxChanges is how many are listed.
const maxChanges = 5

// changes are the single changes that help; where none does, the pairs of them.
func (q *asked) changes() []Change {
	if q.held() || q.Snapshot.NumNodes() == 0 {
		return nil
	}
	proposals := q.proposals()
	slices.SortStableFunc(proposals, func(a, b proposal) int { return cmp.Compare(a.cost, b.cost) })
	var out []Change
	for i := range proposals {
		if fits, ok := q.where(proposals[i].apply); ok {
			proposals[i].Fits = fits
			out = append(out, proposals[i].Change)
		}
	}
	if len(out) == 0 {
		out = q.pairs(proposals)
	}
	return out[:min(len(out), maxChanges)]
}

// where is where the pod fits once the changes are made; ok is false where that is nowhere.
func (q *asked) where(changes ...func(*topology.Draft)) (fits Place, ok bool) {
	s, nodes := q.with(changes...)
	if nodes.Empty() {
		return fits, false
	}
	z := zonesAt(s, q.zones.On(s))
	return z.place(nodes), true
}

// with returns the snapshot with the changes, and on which of its nodes the pod then fits.
func (q *asked) with(changes ...func(*topology.Draft)) (*topology.Snapshot, topology.NodeSet) {
	draft := q.Snapshot.Draft()
	for _, change := range changes {
		change(draft)
	}
	s := draft.Snapshot()
	return s, q.fitsTogether(s, q.Engine.Filter(s, placement.NewDemand(s, q.Pod)).Feasible)
}

// helps reports whether the pod fits somewhere once a change is made.
func (q *asked) helps(change func(*topology.Draft)) bool {
	_, nodes := q.with(change)
	return !nodes.Empty()
}

// maxPaired bounds how many proposals are tried in pairs.
const maxPaired = 12

// pairs are two changes that help only together.
func (q *asked) pairs(proposals []proposal) []Change {
	proposals = proposals[:min(len(proposals), maxPaired)]
	type pair struct{ a, b *proposal }
	var tried []pair
	for i := range proposals {
		for j := range proposals[:i] {
			tried = append(tried, pair{&proposals[j], &proposals[i]})
		}
	}
	slices.SortStableFunc(tried, func(x, y pair) int { return cmp.Compare(x.a.cost+x.b.cost, y.a.cost+y.b.cost) })
	for _, p := range tried {
		if fits, ok := q.where(p.a.apply, p.b.apply); ok {
			change, second := p.a.Change, p.b.Change
			change.Fits, second.Fits, change.With = fits, fits, &second
			return []Change{change}
		}
	}
	return nil
}

// proposals are what could help against each of the causes.
func (q *asked) proposals() []proposal {
	var out []proposal
	for i := range q.causes {
		c := &q.causes[i]
		switch c.reason {
		case placement.ReasonReadWriteOncePod, placement.ReasonDiskConflict, placement.ReasonSingleWriter:
			out = append(out, q.waitForHolders(c)...)
		case placement.ReasonAttachLimit:
			out = append(append(out, q.detachUnused(c)...), q.moreSlots(c)...)
		case placement.ReasonVolumeAffinity, placement.ReasonVolumeZone:
			if q.isLostNode(c) {
				out = append(out, q.localVolume(c)...)
			} else {
				out = append(out, q.moveVolume(c)...)
			}
		case placement.ReasonSelectedNode:
			out = append(out, q.forgetNode(c))
		case placement.ReasonNoVolume:
			out = append(out, q.makeVolume(c)...)
		case placement.ReasonCapacity, placement.ReasonJointCapacity, placement.ReasonReserved:
			out = append(out, q.moreRoom(c)...)
		case placement.ReasonDriverReady, placement.ReasonDriverRequired, placement.ReasonTopologyKeys:
			out = append(out, q.register(c)...)
		case placement.ReasonTopologyLabels:
			out = append(out, q.label(c)...)
		case placement.ReasonSource:
			out = append(out, q.withoutSource(c)...)
		case placement.ReasonForeignTopology:
			out = append(out, q.allowByKey(c))
		}
	}
	out = append(out, q.anotherNode()...)
	return distinct(out)
}

// distinct leaves out what several causes ask for alike.
func distinct(proposals []proposal) []proposal {
	type what struct {
		object Object
		cost   cost
		labels string
	}
	seen := map[what]bool{}
	return slices.DeleteFunc(proposals, func(p proposal) bool {
		key := what{p.Object, p.cost, ""}
		if p.Do == AddNode {
			key.object.Name, key.labels = p.Zone+"/"+p.Like, p.Value
		}
		before := seen[key]
		seen[key] = true
		return before
	})
}
