// SPDX-License-Identifier: Apache-2.0

package placement

import "github.com/moorage-k8s/moorage/topology"

// exclusiveDisk rules out the nodes where another pod holds a disk that this pod names inline too: satisfyVolumeConflicts of
// kube-scheduler's volumerestrictions. Without it two pods on one node mount one file system.
func exclusiveDisk(q *query) {
	for i := range q.d.Volumes {
		disk := q.d.Volumes[i].Disk
		if disk == nil {
			continue
		}
		refused := topology.NewNodeSet(q.s.NumNodes())
		for other := range q.s.DiskUsers(disk.ID) {
			if node, keeps := q.keepsDisk(disk, other); keeps {
				refused.Add(node)
			}
		}
		q.refuse(i, ReasonDiskConflict, refused)
	}
}

func exclusiveDiskBecause(q *query, e *Elimination, node int) (out Evidence) {
	disk := q.d.Volumes[e.Volume].Disk
	for other := range q.s.DiskUsers(disk.ID) {
		if on, keeps := q.keepsDisk(disk, other); keeps && on == node {
			out.Pods = append(out.Pods, other)
		}
	}
	return out
}

// keepsDisk reports whether a user of the disk keeps it from the pod, and on which node.
func (q *query) keepsDisk(disk *topology.Disk, user *topology.Pod) (node int, keeps bool) {
	if !holdsNode(user) || user.Key() == q.d.Pod.Key() {
		return 0, false
	}
	node, known := q.s.NodeIndex(user.Node)
	return node, known && conflicts(disk, user)
}

func conflicts(disk *topology.Disk, pod *topology.Pod) bool {
	for i := range pod.Volumes {
		if o := pod.Volumes[i].Disk; o != nil && disk.Conflicts(o) {
			return true
		}
	}
	return false
}

// holdsNode reports whether kube-scheduler counts the pod among those of its node: it is assigned, and has not ended. A pod
// that is being deleted still holds what it uses.
func holdsNode(p *topology.Pod) bool { return p.Node != "" && !p.Terminal }
