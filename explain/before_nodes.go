// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/topology"
)

// Before is what a pod waits for before any scheduler looks at nodes for it, beside its volumes.
type Before struct {
	// Gates are its scheduling gates, by name.
	Gates []string
	// Scheduler is the one that it asks for, where nobody is seen to answer to that name. Schedulers are those that are.
	Scheduler  string
	Schedulers []string
	// Group is its scheduling group, where too few of its members are there.
	Group *GroupOfFew
}

// GroupOfFew is a scheduling group with fewer members than must be there before any of them is looked at.
type GroupOfFew struct {
	Name          string
	Members, Want int
}

// SchedulersSeen are the schedulers that have looked at a pod, by the names that pods ask for: it is in the pod's status, or the pod has its node.
func SchedulersSeen(pods func(yield func(*corev1.Pod) bool)) map[string]bool {
	out := map[string]bool{corev1.DefaultSchedulerName: true}
	for p := range pods {
		if name := p.Spec.SchedulerName; name != "" && !out[name] && (p.Spec.NodeName != "" || lookedAt(p)) {
			out[name] = true
		}
	}
	return out
}

// lookedAt reports whether a scheduler wrote into the pod's status that it has. What the API server writes of a gated pod does not count.
func lookedAt(p *corev1.Pod) bool {
	return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodScheduled && c.Reason != corev1.PodReasonSchedulingGated
	})
}

// before is what the pod waits for before nodes; nil where a scheduler looks at them.
func (q *asked) before() *Before {
	p := q.Whole
	if p == nil || q.Pod.Node != "" || q.Pod.Terminal {
		return nil
	}
	var out Before
	for _, g := range p.Spec.SchedulingGates {
		out.Gates = append(out.Gates, g.Name)
	}
	out.Group = q.Group
	young := !p.CreationTimestamp.IsZero() && q.Snapshot.Time().Sub(p.CreationTimestamp.Time) < patience
	if name := p.Spec.SchedulerName; name != "" && q.Schedulers != nil && !q.Schedulers[name] && !young {
		out.Scheduler = name
		for seen := range q.Schedulers {
			out.Schedulers = append(out.Schedulers, seen)
		}
		slices.Sort(out.Schedulers)
	}
	if out.Gates == nil && out.Scheduler == "" && out.Group == nil {
		return nil
	}
	return &out
}

// pinned are the claims of a pod which has its node that nobody provisions or binds: that a scheduler chose a node for them is what a class with
// the binding mode WaitForFirstConsumer waits for, and for a pod that names its node none does.
func (q *asked) pinned() []string {
	if q.Pod.Node == "" || q.Pod.Terminal || q.Pod.Deleting {
		return nil
	}
	var out []string
	for i := range q.d.Volumes {
		v := &q.d.Volumes[i]
		if v.Claim != nil && pinnedBy(q.Snapshot, v.Claim.Key()) != nil && !slices.Contains(out, v.ClaimName) {
			out = append(out, v.ClaimName)
		}
	}
	return out
}

// pinnedBy is the pod with a node for which nobody chooses one; nil where the claim has, or does not need, a node that was chosen for it, and
// where a pod that waits for a scheduler will have one chosen.
func pinnedBy(s *topology.Snapshot, key topology.Key) *User {
	claim := s.Claim(key.Namespace, key.Name)
	class := s.Class(claim.Class)
	if class == nil || !class.Delayed || claim.VolumeName != "" || claim.HasSelectedNode || claim.Lost || claim.Deleting {
		return nil
	}
	var out *User
	for _, u := range usersOf(s, key) {
		switch {
		case u.Note == PodWaiting:
			return nil
		case u.Note == "" && out == nil:
			out = &u
		}
	}
	return out
}
