// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"slices"

	"github.com/moorage-k8s/moorage/topology"
)

// SchedulingGroup is the group of a pod whose waiting members have no room together. How many of them have to be placed at once is not known:
// moorage does not read PodGroups.
type SchedulingGroup struct {
	Name string `json:"name"`
	// Waiting are the members without a node that use volumes, Room is how many of them there is room for.
	Waiting int `json:"waiting"`
	Room    int `json:"room"`
}

// schedulingGroup is how far the pod's group fits; nil where all of it does, or that is not known.
func (q *asked) schedulingGroup() *SchedulingGroup {
	if q.Pod.Group == "" || q.Pod.Node != "" || q.Pod.Terminal || q.held() || q.v.Feasible.Empty() {
		return nil
	}
	members := []*topology.Pod{q.Pod}
	for pod := range q.Snapshot.Waiting() {
		if pod.Group == q.Pod.Group && pod.Namespace == q.Pod.Namespace && !pod.Gated && pod.Key() != q.Pod.Key() {
			members = append(members, pod)
		}
	}
	slices.SortFunc(members, func(a, b *topology.Pod) int {
		return cmp.Or(cmp.Compare(len(a.Name), len(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	room, sure := q.Engine.GroupRoom(q.Snapshot, members)
	if !sure || room == len(members) {
		return nil
	}
	return &SchedulingGroup{Name: q.Pod.Group, Waiting: len(members), Room: room}
}
