// SPDX-License-Identifier: Apache-2.0

package placement

import "github.com/moorage-k8s/moorage/topology"

// singleWriter rules out every node but those of the volume's users, where the attach-detach controller attaches the volume to
// one node at a time. In-tree counts users of a ReadWriteOncePod claim only. Without this, a second pod of a ReadWriteOnce
// volume is sent to another node, where the controller refuses the volume ('Waiting for detach for volume … Volume is already
// used by pod(s) …'; before v1.37 'Multi-Attach error for volume …') and the pod hangs in ContainerCreating until the first one
// goes; in a rolling update, where the first one waits for the second, forever (kubernetes/kubernetes#26567, #103305). Which
// volumes the controller refuses is for IsMultiAttachAllowed (pkg/volume/util) and attachDesiredVolumes
// (pkg/controller/volume/attachdetach/reconciler) to say.
//
// A failover is never held up: a user that is being deleted, that has ended, or whose node is not Ready or out of service
// keeps no other pod away, and neither does an attachment that no pod uses. They delay the attach, and the
// node that has the volume scores better. What is left ends with an event of the user or its node, which wakes the pod.
func singleWriter(q *query) {
	var users []*topology.Pod
	for i := range q.d.Volumes {
		users = q.appendUsers(users[:0], &q.d.Volumes[i])
		if held := q.nodesInUse(users); held.Size() > 0 {
			held.Not()
			q.refuse(i, ReasonSingleWriter, held)
		}
	}
}

// SingleWriterVolumes names the pod's volumes that only one node may have at a time, in a way of its own, for comparison with
// those of another pod; none where SingleWriter does not rule out nodes.
func (e *Engine) SingleWriterVolumes(s *topology.Snapshot, d *Demand) []topology.Key {
	if mode := e.modes[SingleWriter]; mode == Off || mode == Score {
		return nil
	}
	var volumes []topology.Key
	for i := range d.Volumes {
		switch v := &d.Volumes[i]; {
		case !attachesOnce(s, v):
		case v.Inline != nil:
			volumes = append(volumes, topology.Key{Namespace: v.Inline.Driver, Name: v.Inline.Handle})
		default:
			volumes = append(volumes, topology.Key{Name: v.Volume.Name})
		}
	}
	return volumes
}

// attachesOnce reports whether only one node may have the volume at a time. A volume has users through one claim, the one that
// it is bound to: the controller attaches it for no other.
func attachesOnce(s *topology.Snapshot, v *Volume) bool {
	switch {
	case v.State == Bound:
		return s.Attaches(v.Volume.SingleAttacher) && (!v.Volume.HasClaimRef || v.Volume.KeptFor(v.Claim))
	case v.Inline != nil:
		return v.Inline.SingleAttach && s.Attaches(v.Inline.Driver)
	default:
		return false
	}
}

// appendUsers appends the pods that use the volume; none where several nodes may have it at a time, or nobody attaches it.
func (q *query) appendUsers(to []*topology.Pod, v *Volume) []*topology.Pod {
	switch {
	case !attachesOnce(q.s, v):
		return to
	case v.Inline != nil:
		return q.s.AppendInlineUsers(to, v.Inline.Driver, v.Inline.Handle)
	default:
		return q.s.AppendUsers(to, v.Claim.Key())
	}
}

// singleWriterBecause blames every user that keeps the volume on its node: as long as one of them does, no other node can have it.
func singleWriterBecause(q *query, e *Elimination, _ int) (out Evidence) {
	for _, user := range q.appendUsers(nil, &q.d.Volumes[e.Volume]) {
		if _, keeps := q.keepsVolume(user); keeps {
			out.Pods = append(out.Pods, user)
		}
	}
	return out
}

// keepsVolume reports whether a user of the volume needs it for longer, and on which node: the user is to stay, and the node healthy. The pod
// itself does not count, and neither does an earlier pod of its name, which must be gone.
func (q *query) keepsVolume(user *topology.Pod) (node int, keeps bool) {
	if !holdsNode(user) || user.Deleting || user.Key() == q.d.Pod.Key() {
		return 0, false
	}
	i, known := q.s.NodeIndex(user.Node)
	if !known {
		return 0, false
	}
	n := q.s.Node(i)
	return i, n.Ready && !n.OutOfService
}

// nodesInUse returns the nodes that need the volume for longer; the zero set where there is none.
func (q *query) nodesInUse(users []*topology.Pod) topology.NodeSet {
	var held topology.NodeSet
	for _, user := range users {
		i, keeps := q.keepsVolume(user)
		if !keeps {
			continue
		}
		if held.Size() == 0 {
			held = topology.NewNodeSet(q.s.NumNodes())
		}
		held.Add(i)
	}
	return held
}
