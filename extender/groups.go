// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"encoding/json"
	"time"

	"github.com/moorage-k8s/moorage/extender/decisions"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// A scheduling group's members are all filtered, and prioritized, before anything of them is written: kube-scheduler binds all or gives
// all up (Kubernetes 1.36 and later, PodGroup), or holds the first back until the others are there (1.35, Workload). So to wait for
// what becomes of a member, while another one is judged, is in vain. Members that were let through count as taken instead: in every place where
// they may be, if that leaves a node; otherwise on the node that they were probably sent to; and where that leaves none, each where it leaves
// the others room. Only what then fits nowhere is refused.

// maxMembers bounds the members that are remembered, of all groups together; the groups asked about longest ago go first.
const maxMembers = 16384

// schedulingGroup is the part of a pod's spec that names its group, as the versions write it. What cannot be read names none.
type schedulingGroup struct {
	SchedulingGroup json.RawMessage `json:"schedulingGroup"`
	// WorkloadRef is what 1.35 has instead.
	WorkloadRef json.RawMessage `json:"workloadRef"`
}

// group is what the members of a group have in common; zero for a pod of none.
type group struct{ namespace, name, part, replica string }

func (g *schedulingGroup) of(namespace string) group {
	var named struct {
		PodGroupName string `json:"podGroupName"`
	}
	if json.Unmarshal(g.SchedulingGroup, &named) == nil && named.PodGroupName != "" {
		return group{namespace: namespace, name: named.PodGroupName}
	}
	var workload struct {
		Name               string `json:"name"`
		PodGroup           string `json:"podGroup"`
		PodGroupReplicaKey string `json:"podGroupReplicaKey"`
	}
	if json.Unmarshal(g.WorkloadRef, &workload) == nil && workload.Name != "" {
		return group{namespace, workload.Name, "/" + workload.PodGroup, workload.PodGroupReplicaKey}
	}
	return group{}
}

// cycle is one round of questions about the members of a group.
type cycle struct {
	asked map[topology.Key]struct{}
	last  topology.Key
	at    time.Time
	// alone tells that the last one was asked about on one node and refused: kube-scheduler asks about a nominated node first, and then about all.
	alone bool
	// placed tells that a member was seen placed: the group was not given up.
	placed bool
	// tight tells that members were not sure to find room wherever the others are. As more are let through, that stays so.
	tight bool
	// looked tells that a second look was taken for a member.
	looked bool
}

// begin drops the pod's note, as a pod that is asked about again was not placed. A member that is asked about again after others begins a new
// cycle: unless some of the group were placed, it was given up, and what was noted of it with it.
func (p *placements) begin(r *request, s *topology.Snapshot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, pod := time.Now(), r.pod.Key()
	p.notes.drop(func(n *recently[note]) bool { return n.pod == pod })
	p.forgetCycles(now)
	if r.group == (group{}) {
		return
	}
	p.resolve(s, now)
	c := p.cycles[r.group]
	if c == nil {
		c = &cycle{}
		if p.cycles == nil {
			p.cycles = map[group]*cycle{}
		}
		p.cycles[r.group] = c
	}
	if _, again := c.asked[pod]; again && (c.last != pod || !c.alone) {
		if !c.placed {
			p.notes.drop(func(n *recently[note]) bool { return n.value.group == r.group })
		}
		p.members -= len(c.asked)
		*c = cycle{}
	}
	if c.asked == nil {
		c.asked = map[topology.Key]struct{}{}
	}
	p.members -= len(c.asked)
	c.asked[pod] = struct{}{}
	p.members += len(c.asked)
	c.last, c.at, c.alone = pod, now, false
}

// mayLook reports whether a second look may be taken for the pod: once in a cycle of a group, which is retried as a whole.
func (p *placements) mayLook(g group) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.cycles[g]
	if c == nil {
		return true
	}
	looked := c.looked
	c.looked = true
	return !looked
}

// forgetCycles forgets the groups that have not been asked about for some time, and the oldest ones if there are too many members.
func (p *placements) forgetCycles(now time.Time) {
	for {
		var oldest group
		var at time.Time
		for g, c := range p.cycles {
			if now.Sub(c.at) > recentMemory {
				p.members -= len(c.asked)
				delete(p.cycles, g)
			} else if at.IsZero() || c.at.Before(at) {
				oldest, at = g, c.at
			}
		}
		if p.members < maxMembers || at.IsZero() {
			return
		}
		p.members -= len(p.cycles[oldest].asked)
		delete(p.cycles, oldest)
	}
}

// ended reports whether the pod of the note is to be remembered no longer: a member is for as long as its group is being asked about.
func (p *placements) ended(n *recently[note], now time.Time) bool {
	since := n.since
	if c := p.cycles[n.value.group]; c != nil && c.at.After(since) {
		since = c.at
	}
	return now.Sub(since) > recentMemory
}

// judgeMember judges a pod beside the members of its group that were let through, and beside what other pods may take. It never depends on the
// members.
func (e *Extender) judgeMember(
	r *request, s *topology.Snapshot, demand *placement.Demand, others []placement.Pending, own []placement.Member, notes []*note,
) (j judgement, depends bool) {
	c := e.placements.cycles[r.group]
	if c == nil {
		c = &cycle{} // Forgotten meanwhile.
	}
	beside := others
	if !c.tight {
		for i := range own {
			beside = append(beside, own[i].Claims...)
		}
		if j = e.judge(r, s, demand, beside); !j.nowhere() {
			return j, false
		}
		c.tight = true
	}
	if j = e.judge(r, s, demand, append(others[:len(others):len(others)], pinned(s, own)...)); !j.nowhere() {
		return j, false
	}
	free := e.judge(r, s, demand, nil)
	if free.nowhere() {
		return free, false
	}
	self := placement.Member{Claims: free.verdict.Pending(s, free.left), Nodes: free.left, Node: -1}
	if len(self.Claims) == 0 {
		return free, len(others) > 0
	}
	try := func(pending []placement.Pending) (judgement, placement.Arrangement) {
		members := append(append([]placement.Member(nil), own...), self)
		found := placement.Arrange(s, demand, pending, members)
		if found != placement.Arranged {
			return judgement{}, found
		}
		got := e.judge(r, s, demand, append(pending[:len(pending):len(pending)], pinned(s, members[:len(own)])...))
		if got.nowhere() {
			return got, placement.Unclear
		}
		for i, n := range notes {
			n.pin = s.Node(members[i].Node).Name
		}
		return got, placement.Arranged
	}
	got, found := try(others)
	if found != placement.Arranged && len(others) > 0 {
		// Without what others may take: is that to be waited for?
		if _, found = try(nil); found != placement.Impossible {
			return free, true
		}
	}
	switch found {
	case placement.Arranged:
		return got, false
	case placement.Impossible:
		j = e.judge(r, s, demand, pinned(s, own))
		if j.nowhere() {
			j.group = &decisions.Group{Name: r.group.name, Room: len(own), Asked: len(c.asked)}
			if log := e.options.Logger.V(1); log.Enabled() {
				log.Info("The pod's scheduling group leaves it no room", "pod", r.pod.Key().String(),
					"group", j.group.Name, "room", j.group.Room, "asked", j.group.Asked)
			}
		}
		return j, false
	default:
		return free, false
	}
}

// pinned is what the members take if each is where it is thought to be.
func pinned(s *topology.Snapshot, members []placement.Member) []placement.Pending {
	var out []placement.Pending
	for i := range members {
		m := &members[i]
		for _, claim := range m.Claims {
			if m.Node >= 0 {
				if claim.Nodes.Size() > 0 && !claim.Nodes.Has(m.Node) {
					continue
				}
				claim.Nodes = topology.NewNodeSet(s.NumNodes())
				claim.Nodes.Add(m.Node)
			}
			out = append(out, claim)
		}
	}
	return out
}
