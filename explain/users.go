// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"fmt"
	"slices"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// holders are the pods that keep a volume from this one: assigned, not ended, and not this pod.
func (q *asked) holders(c *cause) []*topology.Pod {
	v := &q.d.Volumes[c.volume]
	var users []*topology.Pod
	switch {
	case v.Claim != nil:
		users = q.Snapshot.AppendUsers(nil, v.Claim.Key())
	case c.reason == placement.ReasonDiskConflict && v.Disk != nil:
		for user := range q.Snapshot.DiskUsers(v.Disk.ID) {
			users = append(users, user)
		}
	case v.Inline != nil:
		users = q.Snapshot.AppendInlineUsers(nil, v.Inline.Driver, v.Inline.Handle)
	}
	return slices.DeleteFunc(users, func(user *topology.Pod) bool {
		return user.Node == "" || user.Terminal || user.Key() == q.Pod.Key() || c.reason == placement.ReasonSingleWriter && !q.needsOn(user)
	})
}

// needsOn tells whether the pod is to stay on a healthy node, so that it needs its volume there for longer.
func (q *asked) needsOn(user *topology.Pod) bool {
	i, known := q.Snapshot.NodeIndex(user.Node)
	return known && !user.Deleting && q.Snapshot.Node(i).Ready && !q.Snapshot.Node(i).OutOfService
}

// users names the pods that keep a volume from this one.
func (q *asked) users(c *cause) string {
	holders := q.holders(c)
	var names []string
	for _, pod := range holders {
		if len(names) == fewNodes {
			names = append(names, fmt.Sprintf("%d more", len(holders)-fewNodes))
			break
		}
		names = append(names, fmt.Sprintf("pod %s on %s", q.nameOf(pod.Key()), pod.Node))
	}
	if len(names) == 0 {
		return "another pod"
	}
	return both(names)
}

// nameOf leaves out the namespace where it is that of the pod.
func (q *asked) nameOf(key topology.Key) string {
	if key.Namespace == q.Pod.Namespace {
		return key.Name
	}
	return key.String()
}
