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

const (
	// placementPoll is how often is looked what became of the noted pods.
	placementPoll = time.Millisecond
	// placementMemory bounds how long a pod is noted of which nothing is seen: it may have failed to be placed for another
	// reason, and be asked about again later or never.
	placementMemory = 5 * time.Second
	// maxPlacements bounds the notes; the oldest go first.
	maxPlacements = 1024
)

// placements are the pods that were let through and not seen placed yet.
type placements struct {
	mu    sync.Mutex // held while a pod is judged beside the notes and noted itself
	notes []note
}

// note is one pod with delayed claims, or volumes that only one node may have.
type note struct {
	pod   topology.Key
	since time.Time
	// nodes is a snapshot with the nodes that the claims' sets are about.
	nodes  *topology.Snapshot
	claims []placement.Pending
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
	deadline := time.NewTimer(e.options.PlacementWait)
	defer deadline.Stop()
	tick := time.NewTicker(placementPoll)
	defer tick.Stop()
	for {
		var result string
		select {
		case <-tick.C:
			if s = e.options.Snapshot(); s == j.snapshot {
				continue
			}
			if j, depends = e.judgeBeside(r, s, placement.NewDemand(s, r.pod)); depends {
				continue
			}
			result = "seen"
		case <-deadline.C:
			j = e.judgeInVain(r, start)
			result = "timed-out"
		case <-ctx.Done():
			result = "given-up"
		}
		e.metrics.placements.WithLabelValues(result).Observe(time.Since(start).Seconds())
		return j
	}
}

// judgeInVain judges a pod that has waited since then without seeing enough. It drops as few notes as let the pod through, the
// oldest first: each wait in vain costs a note at least, and the room of the pods that were noted later stays theirs, so
// that one late event does not open a nearly full pool to all.
func (e *Extender) judgeInVain(r *request, since time.Time) judgement {
	for n := 1; ; n *= 2 { // Twice as many each time: a few questions, however many notes there are.
		s := e.options.Snapshot()
		j, depends := e.judgeBeside(r, s, placement.NewDemand(s, r.pod))
		if !depends || !e.placements.forgetOldest(n, since) {
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
	e.placements.mu.Lock()
	defer e.placements.mu.Unlock()
	pending := e.placements.pending(s, time.Now())
	shared := e.placements.share(volumes)
	if j = e.judge(r, s, demand, pending); j.nowhere() && len(pending) > 0 || shared && !j.nowhere() {
		if j = e.judge(r, s, demand, nil); !j.nowhere() {
			return j, true
		}
	}
	if !j.nowhere() {
		e.placements.add(r, &j, volumes)
	}
	return j, false
}

// delays tells whether the pod has claims that wait for its node.
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
	if len(p.notes) == maxPlacements {
		p.notes = p.notes[1:]
	}
	p.notes = append(p.notes, note{pod: r.pod.Key(), since: time.Now(), nodes: s, claims: claims, volumes: volumes})
}

// share tells whether a noted pod is to have one of the volumes.
func (p *placements) share(volumes []topology.Key) bool {
	return len(volumes) > 0 && slices.ContainsFunc(p.notes, func(n note) bool {
		return slices.ContainsFunc(n.volumes, func(v topology.Key) bool { return slices.Contains(volumes, v) })
	})
}

// forget drops the pod's note: a pod that is asked about again was not placed.
func (p *placements) forget(pod topology.Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notes = slices.DeleteFunc(p.notes, func(n note) bool { return n.pod == pod })
}

// forgetOldest drops up to n notes that were there then, the oldest, and tells whether there was one.
func (p *placements) forgetOldest(n int, then time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	dropped := 0
	for dropped < min(n, len(p.notes)) && !p.notes[dropped].since.After(then) {
		dropped++
	}
	p.notes = slices.Delete(p.notes, 0, dropped)
	return dropped > 0
}

// pending returns what the noted pods may still take, and drops the notes that the snapshot has an answer to.
func (p *placements) pending(s *topology.Snapshot, now time.Time) []placement.Pending {
	var pending []placement.Pending
	p.notes = slices.DeleteFunc(p.notes, func(n note) bool { return now.Sub(n.since) > placementMemory })
	for i := range p.notes {
		n := &p.notes[i]
		n.resolve(s)
		for _, claim := range n.claims {
			if !s.SameNodes(n.nodes) {
				claim.Nodes = topology.NodeSet{}
			}
			pending = append(pending, claim)
		}
	}
	p.notes = slices.DeleteFunc(p.notes, func(n note) bool { return len(n.claims)+len(n.volumes) == 0 })
	return pending
}

// resolve takes out the claims of which the snapshot tells more: they have a node or a volume, or are gone, as the pod may be.
func (n *note) resolve(s *topology.Snapshot) {
	pod := s.Pod(n.pod)
	n.known = n.known || pod != nil
	if n.known && (pod == nil || pod.Node != "" || pod.Deleting) {
		n.claims, n.volumes = nil, nil
		return
	}
	n.claims = slices.DeleteFunc(n.claims, func(p placement.Pending) bool {
		claim := s.Claim(p.Claim.Namespace, p.Claim.Name)
		return claim == nil || claim.SelectedNode != "" || claim.VolumeName != "" || claim.Deleting
	})
}
