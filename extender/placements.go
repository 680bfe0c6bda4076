// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// Between the answer that lets a pod through and the moment its claims name their node, kube-scheduler asks about further
// pods, which may want the same room, or the same volume on another node. The pods let through are noted here. Where they
// could take so much that a pod fits nowhere, or are to have a volume that only one node may have, filter waits until it is
// seen what became of them, and then decides on facts, so that a rejection always rests on objects whose events wake the pod.
// As long as some node is left whatever the noted pods take, nobody waits.

// maxPlacements bounds the notes.
const maxPlacements = 4096

// placements are the pods that were let through and not seen placed yet.
type placements struct {
	mu    sync.Mutex // held while a pod is judged beside the notes and noted itself
	notes recent[note]
	// cycles are those of the groups that have been asked about lately, and members how many pods these know.
	cycles  map[group]*cycle
	members int
}

// note is one pod with delayed claims, or volumes that only one node may have.
type note struct {
	group group
	// nodes is a snapshot with the nodes that the claims' sets are about.
	nodes  *topology.Snapshot
	claims []placement.Pending
	// left are the nodes that the pod was let through to, and pin is the one it was probably sent to.
	left topology.NodeSet
	pin  string
	// volumes are those that only one node may have.
	volumes []topology.Key
	// known tells that the pod was in the cache once, so that its absence means its end.
	known bool
}

// decide judges a pod beside those that were let through before it, and notes it in turn.
func (e *Extender) decide(ctx context.Context, r *request, s *topology.Snapshot, demand *placement.Demand) judgement {
	j, depends := e.judgeBeside(r, s, demand)
	if !depends {
		return j
	}
	start := time.Now()
	ended := e.await(ctx, r, "placement", e.options.PlacementWait, e.options.PlacementWait/10, j.snapshot, func(newer *topology.Snapshot) bool {
		j, depends = e.judgeBeside(r, newer, placement.NewDemand(newer, r.pod))
		return !depends
	})
	if ended != waitSkipped {
		e.metrics.placements.WithLabelValues(ended).Observe(time.Since(start).Seconds())
	}
	if ended == waitSkipped || ended == waitTimeout {
		return e.judgeInVain(r, start)
	}
	return j
}

// judgeInVain judges a pod that has waited since then without seeing enough. It drops as few notes as let the pod through, the
// oldest first: each wait in vain costs a note at least, and the room of the pods that were noted later stays theirs, so
// that one late event does not open a nearly full pool to all.
func (e *Extender) judgeInVain(r *request, since time.Time) judgement {
	for n := 1; ; n *= 2 { // Twice as many each time: a few questions, however many notes there are.
		s := e.options.Snapshot()
		j, depends := e.judgeBeside(r, s, placement.NewDemand(s, r.pod))
		if !depends || !e.placements.forgetOldest(n, since, r.group) {
			return j
		}
	}
}

// judgeBeside judges a pod beside the noted ones and notes it if it fits. Where it fits nowhere because of them alone it
// depends on what becomes of them; the judgement is then what it is without them.
func (e *Extender) judgeBeside(r *request, s *topology.Snapshot, demand *placement.Demand) (j judgement, depends bool) {
	volumes := e.options.Engine.SingleWriterVolumes(s, demand)
	if e.options.PlacementWait <= 0 || !delays(demand) && len(volumes) == 0 {
		return e.judge(r, s, demand, nil), false
	}
	p := &e.placements
	p.mu.Lock()
	defer p.mu.Unlock()
	p.resolve(s, time.Now())
	pending := p.pending(s, r.group)
	shared := p.share(volumes, r.group)
	own, notes := p.group(s, r.group)
	switch {
	case len(own) > 0:
		if j, depends = e.judgeMember(r, s, demand, pending, own, notes); depends {
			return j, true
		}
	default:
		if j = e.judge(r, s, demand, pending); j.nowhere() && len(pending) > 0 {
			if j = e.judge(r, s, demand, nil); !j.nowhere() {
				return j, true
			}
		}
	}
	if shared && !j.nowhere() {
		return e.judge(r, s, demand, nil), true
	}
	if !j.nowhere() {
		p.add(r, &j, volumes)
	} else if c := p.cycles[r.group]; c != nil {
		c.alone = len(r.nodes) == 1
	}
	return j, false
}

// delays reports whether the pod has claims that wait for its node.
func delays(demand *placement.Demand) bool {
	return slices.ContainsFunc(demand.Volumes, func(v placement.Volume) bool { return v.State == placement.Delayed })
}

// add notes a pod that is let through to the candidates that the judgement leaves.
func (p *placements) add(r *request, j *judgement, volumes []topology.Key) {
	s := j.snapshot
	claims := j.verdict.Pending(s, j.left)
	if len(claims)+len(volumes) == 0 {
		return
	}
	n := note{group: r.group, nodes: s, claims: claims, left: j.left, volumes: volumes}
	for i := range r.nodes {
		if node, known := s.NodeIndexOf(r.nodes[i].name()); known && j.left.Has(node) {
			n.pin = s.Node(node).Name
			break
		}
	}
	p.notes.add(r.pod.Key(), n)
}

// pin notes which node a pod was probably sent to.
func (p *placements) pin(pod topology.Key, node string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.notes.notes {
		if n := &p.notes.notes[i]; n.pod == pod {
			n.value.pin = node
		}
	}
}

// share reports whether a noted pod of no such group is to have one of the volumes.
func (p *placements) share(volumes []topology.Key, but group) bool {
	return len(volumes) > 0 && slices.ContainsFunc(p.notes.notes, func(r recently[note]) bool {
		n := &r.value
		return (n.group != but || but == group{}) && slices.ContainsFunc(n.volumes, func(v topology.Key) bool { return slices.Contains(volumes, v) })
	})
}

// forgetOldest drops up to n notes that were there then, the oldest, but for those of the pod's own group, and reports whether there was one.
func (p *placements) forgetOldest(n int, then time.Time, but group) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	dropped := 0
	p.notes.drop(func(o *recently[note]) bool {
		if dropped == n || o.since.After(then) || o.value.group == but && but != (group{}) {
			return false
		}
		dropped++
		return true
	})
	return dropped > 0
}

// resolve drops what the snapshot has an answer to, and what is too old.
func (p *placements) resolve(s *topology.Snapshot, now time.Time) {
	p.notes.drop(func(r *recently[note]) bool {
		if p.ended(r, now) {
			return true
		}
		n := &r.value
		placed := n.resolve(r.pod, s)
		if c := p.cycles[n.group]; c != nil && placed {
			c.placed = true
		}
		return len(n.claims)+len(n.volumes) == 0
	})
}

// pending returns what the noted pods may still take, but for those of a group.
func (p *placements) pending(s *topology.Snapshot, but group) []placement.Pending {
	var pending []placement.Pending
	for i := range p.notes.notes {
		if n := &p.notes.notes[i].value; n.group != but || but == (group{}) {
			pending = append(pending, n.pending(s)...)
		}
	}
	return pending
}

// group returns the noted members of a group that take room, and their notes.
func (p *placements) group(s *topology.Snapshot, of group) (members []placement.Member, notes []*note) {
	if of == (group{}) {
		return nil, nil
	}
	for i := range p.notes.notes {
		n := &p.notes.notes[i].value
		if n.group != of || len(n.claims) == 0 {
			continue
		}
		m := placement.Member{Claims: n.pending(s), Nodes: n.left, Node: -1}
		if !s.SameNodes(n.nodes) {
			m.Nodes = s.AllNodes()
		}
		if node, known := s.NodeIndex(n.pin); known {
			m.Node = node
		}
		members, notes = append(members, m), append(notes, n)
	}
	return members, notes
}

// pending is what the note's pod may take, on the nodes of the snapshot.
func (n *note) pending(s *topology.Snapshot) []placement.Pending {
	if s.SameNodes(n.nodes) {
		return n.claims
	}
	claims := slices.Clone(n.claims)
	for i := range claims {
		claims[i].Nodes = topology.NodeSet{}
	}
	return claims
}

// resolve takes out the claims of which the snapshot tells more: they have a node or a volume, or are gone, as the pod may be. It reports whether
// the pod or a claim of it was placed.
func (n *note) resolve(key topology.Key, s *topology.Snapshot) (placed bool) {
	pod := s.Pod(key)
	n.known = n.known || pod != nil
	if n.known && (pod == nil || pod.Node != "" || pod.Deleting) {
		n.claims, n.volumes = nil, nil
		return pod != nil && pod.Node != ""
	}
	n.claims = slices.DeleteFunc(n.claims, func(p placement.Pending) bool {
		claim := s.Claim(p.Claim.Namespace, p.Claim.Name)
		selected := claim != nil && (claim.SelectedNode != "" || claim.VolumeName != "")
		placed = placed || selected
		return claim == nil || selected || claim.Deleting
	})
	return placed
}
