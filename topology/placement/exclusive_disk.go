// SPDX-License-Identifier: Apache-2.0

package placement

import "github.com/moorage-k8s/moorage/topology"

// exclusiveDisk refuses the nodes where another pod holds a disk that this pod names inline too: satisfyVolumeConflicts of
// kube-scheduler's volumerestrictions. Without it two pods on one node mount one file system.
func exclusiveDisk(q *query) {
	for i := range q.d.Volumes {
		disk := q.d.Volumes[i].Disk
		if disk == nil {
			continue
		}
		refused := topology.NewNodeSet(q.s.NumNodes())
		for other := range q.s.DiskUsers(disk.ID) {
			if !holdsNode(other) || other.Key() == q.d.Pod.Key() {
				continue
			}
			node, known := q.s.NodeIndex(other.Node)
			if known && conflicts(disk, other) {
				refused.Add(node)
			}
		}
		q.refuse(i, ReasonDiskConflict, refused)
	}
}

func conflicts(disk *topology.Disk, pod *topology.Pod) bool {
	for i := range pod.Volumes {
		if o := pod.Volumes[i].Disk; o != nil && disk.Conflicts(o) {
			return true
		}
	}
	return false
}

// holdsNode tells whether kube-scheduler counts the pod among those of its node: it is assigned, and has not ended. A pod
// that is being deleted still holds what it uses.
func holdsNode(p *topology.Pod) bool { return p.Node != "" && !p.Terminal }
