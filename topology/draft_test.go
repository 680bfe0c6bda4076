// SPDX-License-Identifier: Apache-2.0

package topology_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/synthetic"
)

// A draft changes and its snapshots stay, the one that it was made of too.
func TestDraftLeavesItsSnapshotAlone(t *testing.T) {
	before := synthetic.Cache(synthetic.Size{Nodes: 6, Volumes: 6, Pods: 6}).Snapshot()
	draft := before.Draft()
	claim := *before.Claim(synthetic.Namespace, synthetic.ClaimName(0))
	claim.VolumeName, claim.BindCompleted, claim.SelectedNode, claim.HasSelectedNode = "", false, synthetic.NodeName(0), true
	draft.PutClaim(&claim)
	pool := *before.Pool(topology.Key{Namespace: "kube-system", Name: "zonal-zone-a"})
	pool.Capacity = 1
	draft.PutPool(&pool)
	node := *before.Node(0)
	node.Name = "one-more"
	draft.PutNode(&node)
	between := draft.Snapshot()
	draft.RemoveNode("one-more")
	if err := draft.Apply(synthetic.PodWithClaims("late", synthetic.NodeName(1), synthetic.ClaimName(1))); err != nil {
		t.Fatal(err)
	}
	draft.RemovePods(topology.Key{Namespace: synthetic.Namespace, Name: "db-0"})
	after := draft.Snapshot()

	used := func(s *topology.Snapshot, node string) int {
		i, known := s.NodeIndex(node)
		slots, limited := s.AttachSlots(synthetic.Driver)
		if !known || !limited {
			t.Fatalf("node %s is not known or has no limit", node)
		}
		return slots.Used(i)
	}
	for _, test := range []struct {
		name      string
		got, want any
	}{
		{"nodes before", before.NumNodes(), 6},
		{"nodes between", between.NumNodes(), 7},
		{"nodes after", after.NumNodes(), 6},
		{"pool before", before.PoolGroups(synthetic.Zonal).AppendPools(nil, before.PoolGroups(synthetic.Zonal).Of(0))[0].Capacity, int64(1 << 40)},
		{"pool after", after.PoolGroups(synthetic.Zonal).AppendPools(nil, after.PoolGroups(synthetic.Zonal).Of(0))[0].Capacity, int64(1)},
		{"reservations before", reserved(before), int64(0)},
		{"reservations after", reserved(after), int64(10 << 30)},
		{"pods after", after.Pod(topology.Key{Namespace: synthetic.Namespace, Name: "db-0"}) == nil, true},
		{"pods before", before.Pod(topology.Key{Namespace: synthetic.Namespace, Name: "db-0"}) == nil, false},
		{"slots before", used(before, synthetic.NodeName(0)), 1},
		{"slots after the pod went", used(after, synthetic.NodeName(0)), 0},
		{"slots after the pod came", used(after, synthetic.NodeName(1)), 1},
		{"an object of another kind", draft.Apply(&corev1.Secret{}) == nil, false},
	} {
		if test.got != test.want {
			t.Errorf("%s: %v, want %v", test.name, test.got, test.want)
		}
	}
}

func reserved(s *topology.Snapshot) (bytes int64) {
	for r := range s.AllReservations() {
		bytes += r.Bytes
	}
	return bytes
}
