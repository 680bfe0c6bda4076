// SPDX-License-Identifier: Apache-2.0

package templatecapacity_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moorage-k8s/moorage/internal/templatecapacity"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/manifests"
)

const group = "eks.amazonaws.com/nodegroup"

// local is a node of a group with a pool of its own.
func local(name, in, room string) string {
	return fmt.Sprintf(`
---
{apiVersion: v1, kind: Node, metadata: {name: %[1]s, labels: {kubernetes.io/hostname: %[1]s, topology.local/node: %[1]s, topology.kubernetes.io/zone: z-%[1]s, %[2]s}}, status: {conditions: [{type: Ready, status: "True"}]}}
---
{apiVersion: storage.k8s.io/v1, kind: CSIStorageCapacity, metadata: {name: p-%[1]s, namespace: driver}, storageClassName: local, %[3]s, nodeTopology: {matchLabels: {topology.local/node: %[1]s}}}
`, name, in, room)
}

const classes = `
{apiVersion: storage.k8s.io/v1, kind: CSIDriver, metadata: {name: local}, spec: {storageCapacity: true}}
---
{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: local}, provisioner: local, volumeBindingMode: WaitForFirstConsumer}
---
{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: zonal}, provisioner: local, volumeBindingMode: WaitForFirstConsumer}
---
{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: at-once}, provisioner: local, volumeBindingMode: Immediate}
---
{apiVersion: storage.k8s.io/v1, kind: CSIStorageCapacity, metadata: {name: zone, namespace: driver}, storageClassName: zonal, capacity: 9Ti, nodeTopology: {matchLabels: {topology.kubernetes.io/zone: z-a1}}}
---
{apiVersion: storage.k8s.io/v1, kind: CSIStorageCapacity, metadata: {name: now, namespace: driver}, storageClassName: at-once, capacity: 9Ti, nodeTopology: {matchLabels: {topology.local/node: a1}}}
`

func volumeOn(node string) string {
	return `
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: on-` + node + `}
spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], storageClassName: other, csi: {driver: local, volumeHandle: ` + node + `},
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: topology.local/node, operator: In, values: [` + node + `]}]}]}}}
status: {phase: Bound}
`
}

func snapshotOf(t *testing.T, objects string) *topology.Snapshot {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "cluster.yaml"), []byte(objects), 0o600); err != nil {
		t.Fatal(err)
	}
	cache := topology.New(topology.Options{NodeDelay: -1})
	if _, err := manifests.Load(cache, dir); err != nil {
		t.Fatal(err)
	}
	return cache.Snapshot()
}

// The least that an empty node of the group shows is what a new one is said to bring; pools of zones, and nodes of no group, say nothing of new nodes.
func TestOf(t *testing.T) {
	a, b := group+": a", group+": b"
	for _, test := range []struct {
		name, objects string
		want          []templatecapacity.Capacity
	}{
		{
			"the least of those that are empty", local("a1", a, "capacity: 100Gi") + local("a2", a, "capacity: 80Gi") + local("a3", a, "capacity: 10Gi") + volumeOn("a3"),
			[]templatecapacity.Capacity{{Class: "local", Driver: "local", Label: group, Group: "a", Bytes: 80 << 30, Empty: 2, Nodes: 3}},
		},
		{
			"groups apart", local("a1", a, "capacity: 100Gi") + local("b1", b, "capacity: 80Gi, maximumVolumeSize: 8Gi"),
			[]templatecapacity.Capacity{
				{Class: "local", Driver: "local", Label: group, Group: "a", Bytes: 100 << 30, Empty: 1, Nodes: 1},
				{Class: "local", Driver: "local", Label: group, Group: "b", Bytes: 80 << 30, MaximumVolumeSize: 8 << 30, Empty: 1, Nodes: 1},
			},
		},
		{"no node is empty", local("a1", a, "capacity: 10Gi") + volumeOn("a1"), []templatecapacity.Capacity{{Class: "local", Driver: "local", Label: group, Group: "a", Nodes: 1}}},
		{"no group", local("a1", "x: 'v'", "capacity: 100Gi"), []templatecapacity.Capacity{}},
		{"the driver says nothing", local("a1", a, "maximumVolumeSize: null"), []templatecapacity.Capacity{{Class: "local", Driver: "local", Label: group, Group: "a", Nodes: 1}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, templatecapacity.Of(snapshotOf(t, classes+test.objects), templatecapacity.GroupLabels)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What moorage publishes for template nodes is none of its own pools, whatever labels a node carries.
func TestOwnCapacitiesAreNoPools(t *testing.T) {
	const marked = `
---
apiVersion: storage.k8s.io/v1
kind: CSIStorageCapacity
metadata: {name: ours, namespace: moorage, labels: {moorage.dev/template-capacity: "true"}}
storageClassName: local
capacity: 1Pi
nodeTopology: {matchLabels: {cluster-autoscaler.kubernetes.io/template-node: "true"}}
`
	s := snapshotOf(t, classes+local("a1", group+": a, cluster-autoscaler.kubernetes.io/template-node: 'true'", "capacity: 1Gi")+marked)
	if got := s.Len(topology.KindPool); got != 3 {
		t.Errorf("%d pools, want the 3 of the driver", got)
	}
	if s.Pool(topology.Key{Namespace: "moorage", Name: "ours"}) != nil {
		t.Error("the marked capacity is a pool")
	}
}
