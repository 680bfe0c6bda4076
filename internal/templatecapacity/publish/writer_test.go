// SPDX-License-Identifier: Apache-2.0

package publish_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-logr/logr"
	coordinationv1 "k8s.io/api/coordination/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/moorage-k8s/moorage/internal/templatecapacity"
	"github.com/moorage-k8s/moorage/internal/templatecapacity/publish"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/manifests"
)

const group = "eks.amazonaws.com/nodegroup"

const class = `
{apiVersion: storage.k8s.io/v1, kind: CSIDriver, metadata: {name: local}, spec: {storageCapacity: true}}
---
{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: local}, provisioner: local, volumeBindingMode: WaitForFirstConsumer}
`

// local is a node of a group with a pool of its own.
func local(name, in, room string) string {
	return fmt.Sprintf(`
---
{apiVersion: v1, kind: Node, metadata: {name: %[1]s, labels: {kubernetes.io/hostname: %[1]s, %[2]s}}, status: {conditions: [{type: Ready, status: "True"}]}}
---
{apiVersion: storage.k8s.io/v1, kind: CSIStorageCapacity, metadata: {name: p-%[1]s, namespace: driver}, storageClassName: local, capacity: %[3]s, nodeTopology: {matchLabels: {kubernetes.io/hostname: %[1]s}}}
`, name, in, room)
}

func volumeOn(node string) string {
	return `
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: on-` + node + `}
spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], storageClassName: other, csi: {driver: local, volumeHandle: ` + node + `},
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [` + node + `]}]}]}}}
`
}

func snapshotOf(t *testing.T, objects string) *topology.Snapshot {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "cluster.yaml"), []byte(class+objects), 0o600); err != nil {
		t.Fatal(err)
	}
	cache := topology.New(topology.Options{NodeDelay: -1})
	if _, err := manifests.Load(cache, dir); err != nil {
		t.Fatal(err)
	}
	return cache.Snapshot()
}

// What is published follows the cluster: it is made, changed, kept while no node is empty, and removed with the group; what others published is left alone.
func TestWriter(t *testing.T) {
	a := group + ": a"
	foreign := &storagev1.CSIStorageCapacity{ObjectMeta: metav1.ObjectMeta{Namespace: "moorage", Name: "foreign"}, StorageClassName: "local"}
	lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: "moorage", Name: "owner", UID: "u"}}
	client := fake.NewClientset(foreign, lease)
	w := &publish.Writer{Client: client, Namespace: "moorage", Lease: "owner", Logger: logr.Discard()}
	for _, step := range []struct{ name, objects, want string }{
		{"made", local("a1", a, "100Gi"), "100Gi"},
		{"less", local("a1", a, "100Gi") + local("a2", a, "90Gi"), "90Gi"},
		{"no node is empty any more", local("a1", a, "1Gi") + volumeOn("a1"), "90Gi"},
		{"the group is gone", local("b1", "x: 'v'", "1Gi"), ""},
	} {
		if err := w.Write(t.Context(), templatecapacity.Of(snapshotOf(t, step.objects), templatecapacity.GroupLabels)); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		list, err := client.StorageV1().CSIStorageCapacities("moorage").List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for i := range list.Items {
			c := &list.Items[i]
			if c.Labels[topology.TemplateCapacityLabel] == "" {
				continue
			}
			got += c.Capacity.String()
			if len(c.OwnerReferences) != 1 || c.OwnerReferences[0].Name != "owner" || c.OwnerReferences[0].UID != "u" {
				t.Errorf("%s: owned by %+v", step.name, c.OwnerReferences)
			}
			if s, err := metav1.LabelSelectorAsSelector(c.NodeTopology); err != nil || s.Empty() || c.NodeTopology.MatchLabels["cluster-autoscaler.kubernetes.io/template-node"] != "true" ||
				c.NodeTopology.MatchLabels[group] != "a" {
				t.Errorf("%s: it is for %+v", step.name, c.NodeTopology)
			}
		}
		if got != step.want {
			t.Errorf("%s: %q is published, want %q", step.name, got, step.want)
		}
		if _, err := client.StorageV1().CSIStorageCapacities("moorage").Get(t.Context(), "foreign", metav1.GetOptions{}); err != nil {
			t.Errorf("%s: %v", step.name, err)
		}
	}
	// Without its owner nothing is published: it would stay for ever.
	if err := client.CoordinationV1().Leases("moorage").Delete(t.Context(), "owner", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := w.Write(t.Context(), templatecapacity.Of(snapshotOf(t, local("a1", a, "100Gi")), templatecapacity.GroupLabels)); err == nil {
		t.Error("it is published without an owner")
	}
}
