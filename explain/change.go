// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// Change is a change to the cluster after which the pod fits: the engine was asked with the change made.
type Change struct {
	// What says it in words.
	What string `json:"what"`
	// Object is what is to be changed, deleted or added.
	Object Object `json:"object"`
	// Nodes is on how many nodes the pod then fits, and Where which these are.
	Nodes int    `json:"nodes"`
	Where string `json:"where"`
}

// proposal is a change that has not been tried.
type proposal struct {
	object Object
	// cost orders the changes: the least first.
	cost cost
	// apply makes the change.
	apply func(d *topology.Draft)
	// say puts it into words, once it is known where the pod then fits.
	say func(where string) string
}

// cost is how much a change asks of a person: to mend what is broken, to wait for another pod, to change a number, to add a
// machine, and at last to move data.
type cost int

const (
	costMend cost = iota
	costWait
	costNumber
	costClass
	costVolume
	costNode
	costMove
)

// maxChanges is how many are told.
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
		if c, ok := q.try(proposals[i]); ok {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		out = q.pairs(proposals)
	}
	return out[:min(len(out), maxChanges)]
}

// try asks the engine about the pod with a change made.
func (q *asked) try(p proposal) (Change, bool) {
	fits, ok := q.with(p.apply)
	if !ok {
		return Change{}, false
	}
	return fits.change(p.object, p.say(fits.where())), true
}

// outcome is the nodes on which the pod fits once changes are made, of the snapshot with them.
type outcome struct {
	s     *topology.Snapshot
	zones zones
	nodes topology.NodeSet
}

func (o *outcome) where() string {
	return strings.ReplaceAll(o.zones.on(o.nodes), newNode, "the new node")
}

func (o *outcome) change(object Object, what string) Change {
	where := o.where()
	return Change{What: what + "; then the pod fits " + where, Object: object, Nodes: o.nodes.Len(), Where: where}
}

// with tells on which nodes the pod fits once the changes are made; ok is false where there is none.
func (q *asked) with(changes ...func(*topology.Draft)) (o outcome, ok bool) {
	draft := q.Snapshot.Draft()
	for _, change := range changes {
		change(draft)
	}
	o.s = draft.Snapshot()
	o.nodes = q.Engine.Filter(o.s, placement.NewDemand(o.s, q.Pod)).Feasible
	if o.nodes.Empty() {
		return o, false
	}
	o.zones = zonesAt(o.s, q.zones.On(o.s))
	return o, true
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
		if fits, ok := q.with(p.a.apply, p.b.apply); ok {
			where := fits.where()
			return []Change{fits.change(p.a.object, p.a.say(where)+", and "+p.b.say(where))}
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
			out = append(out, q.moreSlots(c)...)
		case placement.ReasonVolumeAffinity, placement.ReasonVolumeZone:
			out = append(out, q.moveVolume(c)...)
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
	}
	seen := map[what]bool{}
	return slices.DeleteFunc(proposals, func(p proposal) bool {
		key := what{p.object, p.cost}
		before := seen[key]
		seen[key] = true
		return before
	})
}
