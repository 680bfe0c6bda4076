// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"slices"

	"github.com/moorage-k8s/moorage/topology"
)

// maxGroupPods bounds the pods of a group that are looked at.
const maxGroupPods = 512

// GroupRoom reckons how many of the waiting pods of a group have room together, taken in their order. Sure tells that it is known; where it is
// not, there may be more.
func (e *Engine) GroupRoom(s *topology.Snapshot, pods []*topology.Pod) (room int, sure bool) {
	if len(pods) > maxGroupPods {
		return 0, false
	}
	sure = true
	var members []Member
	for _, pod := range pods {
		d := NewDemand(s, pod)
		v := e.Filter(s, d)
		if v.Feasible.Empty() {
			continue
		}
		claims := v.Pending(s, v.Feasible)
		if len(claims) == 0 {
			room++
			continue
		}
		with := slices.Concat(members, []Member{{Claims: claims, Nodes: v.Feasible, Node: -1}})
		switch Arrange(s, d, nil, with) {
		case Arranged:
			members = with
			room++
		case Unclear:
			sure = false
		}
	}
	return room, sure
}
