// SPDX-License-Identifier: Apache-2.0

package placement

import "github.com/moorage-k8s/moorage/topology"

// replicaLocality prefers the nodes that hold a replica of the pod's bound volumes: there they are read from a disk of the node, elsewhere over the network. A
// node's rate is its share of those of the pod's volumes of which some node is known to hold a replica; the others are the same everywhere. The scorer abstains
// where nothing is known of any: the storage system of no driver that the configuration names says where its replicas are.
func replicaLocality(q *scoring) []float32 {
	var rates []float32
	volumes := float32(0)
	for i := range q.v.demand.Volumes {
		v := &q.v.demand.Volumes[i]
		if !hasReplicas(v) || q.v.demand.namedBefore(i) {
			continue
		}
		on, known := replicaNodes(q.s, v.Volume)
		if !known {
			continue
		}
		if rates == nil {
			rates = q.rates()
		}
		for node := range on.All() {
			rates[node]++
		}
		volumes++
	}
	for i := range rates {
		rates[i] /= volumes
	}
	return rates
}

// hasReplicas leaves out the file systems that many nodes share: these are exported by one node, and where a replica is matters to that one alone.
func hasReplicas(v *Volume) bool {
	return v.State == Bound && (v.Volume.Block || v.Volume.AccessModes&(topology.ReadWriteMany|topology.ReadOnlyMany) == 0)
}

// replicaNodes are the nodes of the snapshot that hold a replica of the volume; known is false where there are none.
func replicaNodes(s *topology.Snapshot, v *topology.Volume) (on topology.NodeSet, known bool) {
	for r := range s.Replicas(v) {
		if i, ok := s.NodeIndex(r.Node); ok {
			if !known {
				on, known = topology.NewNodeSet(s.NumNodes()), true
			}
			on.Add(i)
		}
	}
	return on, known
}
