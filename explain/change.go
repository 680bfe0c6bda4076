// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"slices"

	"github.com/moorage-k8s/moorage/explain/joint"
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
	// SetBy are those labels of a node that is to be added which a driver sets when it starts there, each with the driver.
	SetBy map[string]string
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
	// With is a second change, without which this one does not help, and Beside one that is not about volumes.
	With   *Change
	Beside *joint.Help
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
	// apply makes the change, and gone are the pods that go for it: they leave all that they have.
	apply func(d *topology.Draft)
	gone  []topology.Key
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

// help looks for changes of either half: the single ones that help, and where none does, two.
func (q *asked) help(e *Explanation) {
	if q.held() || q.Snapshot.NumNodes() == 0 {
		return
	}
	t := e.Together
	if t != nil && q.joint.Feasible.Empty() {
		t.Message, t.Helps, t.SetBy = q.joint.Message(), q.joint.Helps(), setByDrivers(q.Snapshot)
	}
	proposals := q.proposals()
	slices.SortStableFunc(proposals, func(a, b proposal) int { return cmp.Compare(a.cost, b.cost) })
	for i := range proposals {
		if fits, ok := q.where(&proposals[i]); ok {
			proposals[i].Fits = fits
			e.Changes = append(e.Changes, proposals[i].Change)
		}
	}
	switch {
	case len(e.Changes) == 0 && (t == nil || len(t.Helps) == 0):
		q.helpByTwo(e, proposals)
	case t != nil && onlyHeavy(e):
		q.helpByTwoSmall(e, proposals)
	}
	e.Changes = e.Changes[:min(len(e.Changes), maxChanges)]
}

// onlyHeavy reports whether all that helps by itself is a machine, or to have data elsewhere: two small changes may ask for less.
func onlyHeavy(e *Explanation) bool {
	return !slices.ContainsFunc(e.Together.Helps, func(h joint.Help) bool { return h.Kind < joint.AddNode }) &&
		!slices.ContainsFunc(e.Changes, func(c Change) bool { return c.Do != AddNode && c.Do != MoveVolume && c.Do != GiveUp })
}

// helpByTwo looks for two changes that help only together: of what is beside volumes, of each half one, or of volumes.
func (q *asked) helpByTwo(e *Explanation, proposals []proposal) {
	if t := e.Together; t != nil {
		// A node that is added is tried with all filters there.
		proposals = slices.DeleteFunc(slices.Clone(proposals), func(p proposal) bool { return p.Do == AddNode })
		if pair, ok := q.joint.Pair(joint.MoveVolume); ok {
			t.Helps = []joint.Help{pair}
			return
		}
		if change, ok := q.withOneBeside(proposals, joint.MoveVolume); ok {
			e.Changes = []Change{change}
			return
		}
	}
	e.Changes = q.pairs(proposals)
}

// helpByTwoSmall looks for two changes that ask for no machine, and for no data to be moved.
func (q *asked) helpByTwoSmall(e *Explanation, proposals []proposal) {
	if pair, ok := q.joint.Pair(joint.AddNode); ok {
		e.Together.Helps = append(e.Together.Helps, pair)
		return
	}
	small := slices.DeleteFunc(slices.Clone(proposals), func(p proposal) bool { return p.cost >= costNode })
	if change, ok := q.withOneBeside(small, joint.AddNode); ok {
		e.Changes = append([]Change{change}, e.Changes...)
	}
}

// withOneBeside is the first change to volumes that helps together with one beside them.
func (q *asked) withOneBeside(proposals []proposal, below joint.HelpKind) (Change, bool) {
	for i := range proposals[:min(len(proposals), maxPaired)] {
		p := &proposals[i]
		if beside, ok := q.joint.PairWith(p.apply, p.gone, below); ok {
			change := p.Change
			change.Beside = &beside
			return change, true
		}
	}
	return Change{}, false
}

// where is where the pod fits once the changes are made; ok is false where that is nowhere.
func (q *asked) where(changes ...*proposal) (fits Place, ok bool) {
	var apply []func(*topology.Draft)
	var gone []topology.Key
	for _, p := range changes {
		apply, gone = append(apply, p.apply), append(gone, p.gone...)
	}
	s, nodes := q.with(gone, apply...)
	if nodes.Empty() {
		return fits, false
	}
	z := zonesAt(s, q.zones.On(s))
	return z.place(nodes), true
}

// with returns the snapshot with the changes, and on which of its nodes the pod then fits, without the pods that are gone.
func (q *asked) with(gone []topology.Key, changes ...func(*topology.Draft)) (*topology.Snapshot, topology.NodeSet) {
	draft := q.Snapshot.Draft()
	for _, change := range changes {
		change(draft)
	}
	s := draft.Snapshot()
	return s, q.fitsTogether(s, q.Engine.Filter(s, placement.NewDemand(s, q.Pod)).Feasible, gone)
}

// helps reports whether the pod fits somewhere once a change is made.
func (q *asked) helps(change func(*topology.Draft)) bool {
	_, nodes := q.with(nil, change)
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
		if fits, ok := q.where(p.a, p.b); ok {
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
		do     Deed
		labels string
	}
	seen := map[what]bool{}
	return slices.DeleteFunc(proposals, func(p proposal) bool {
		key := what{p.Object, p.Do, ""}
		if p.Do == AddNode {
			key.object.Name, key.labels = p.Zone+"/"+p.Like, p.Value
		}
		before := seen[key]
		seen[key] = true
		return before
	})
}
