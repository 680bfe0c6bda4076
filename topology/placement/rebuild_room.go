// SPDX-License-Identifier: Apache-2.0

package placement

// rebuildRoom rules out the nodes that hold no replica of a bound volume and of which its storage system says that it has no room there to make one. In-tree does
// not know replicas. Without it a pod with Longhorn's dataLocality best-effort stays away from its data on such a node for as long as it runs, and with strict-local it
// does not start there.
//
// It passes what is not known: a volume without a replica on a node of the cluster, and a node of which the storage system says nothing.
func rebuildRoom(q *query) {
	for i := range q.d.Volumes {
		v := &q.d.Volumes[i]
		if !hasReplicas(v) || q.d.namedBefore(i) {
			continue
		}
		on, known := replicaNodes(q.s, v.Volume)
		if !known {
			continue
		}
		refused := q.s.WithoutRoom(v.Volume)
		refused.AndNot(on)
		q.refuse(i, ReasonRebuildRoom, refused)
	}
}

func rebuildRoomBecause(q *query, e *Elimination, node int) Evidence {
	v := q.d.Volumes[e.Volume].Volume
	out := Evidence{Driver: v.Driver, Wanted: v.Capacity, Had: q.s.Room(v.Driver, q.s.Node(node).Name)}
	on, _ := replicaNodes(q.s, v)
	for i := range on.All() {
		out.Replicas = append(out.Replicas, q.s.Node(i).Name)
	}
	return out
}
