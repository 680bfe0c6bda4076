// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/internal/templatecapacity"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/manifests"
)

// cluster-autoscaler runs kube-scheduler's plugins on a template: the copy of a node of the group, with another name and the label of templates, and with the
// driver's own label of the node that it was copied from. With what moorage publishes a pod fits there that a new node has room for; without, it does not; and on
// the nodes that are there nothing changes.
func TestTemplateCapacityForTheAutoscalersPlugins(t *testing.T) {
	const key, group = "topology.local.example.com/node", "eks.amazonaws.com/nodegroup"
	yes, class, delayed := true, "local", storagev1.VolumeBindingWaitForFirstConsumer
	node := func(name string) *corev1.Node {
		return &corev1.Node{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelHostname: name, key: name, group: "storage"}},
			Status:     corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}},
		}
	}
	pool := func(name, room string) *storagev1.CSIStorageCapacity {
		size := resource.MustParse(room)
		return &storagev1.CSIStorageCapacity{
			ObjectMeta: metav1.ObjectMeta{Namespace: "driver", Name: name}, StorageClassName: class, Capacity: &size,
			NodeTopology: &metav1.LabelSelector{MatchLabels: map[string]string{key: name}},
		}
	}
	claim := func(name, size string) *corev1.PersistentVolumeClaim {
		return &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: "prod", Name: name, UID: "c"}, Spec: corev1.PersistentVolumeClaimSpec{
			StorageClassName: &class, AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)}},
		}}
	}
	cluster := &Cluster{
		Nodes:   []*corev1.Node{node("empty"), node("full")},
		Drivers: []*storagev1.CSIDriver{{ObjectMeta: metav1.ObjectMeta{Name: "local.example.com"}, Spec: storagev1.CSIDriverSpec{StorageCapacity: &yes}}},
		Classes: []*storagev1.StorageClass{{ObjectMeta: metav1.ObjectMeta{Name: class}, Provisioner: "local.example.com", VolumeBindingMode: &delayed}},
		Pools:   []*storagev1.CSIStorageCapacity{pool("empty", "50Gi"), pool("full", "1Gi")},
		Volumes: []*corev1.PersistentVolume{{ObjectMeta: metav1.ObjectMeta{Name: "v"}, Spec: corev1.PersistentVolumeSpec{
			Capacity:               corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("49Gi")},
			AccessModes:            []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			PersistentVolumeSource: corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{Driver: "local.example.com", VolumeHandle: "v"}},
			NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchExpressions: []corev1.NodeSelectorRequirement{{Key: key, Operator: corev1.NodeSelectorOpIn, Values: []string{"full"}}},
			}}}},
		}}},
		Claims: []*corev1.PersistentVolumeClaim{claim("fits", "40Gi"), claim("too-large", "60Gi")},
	}
	written, err := Manifests(cluster.Objects()...)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err = os.WriteFile(filepath.Join(dir, "cluster.yaml"), []byte(written), 0o600); err != nil {
		t.Fatal(err)
	}
	cache := topology.New(topology.Options{NodeDelay: -1})
	if _, err = manifests.Load(cache, dir); err != nil {
		t.Fatal(err)
	}
	// Nodes are written without their status, and one that is not Ready shows nothing.
	draft := cache.Snapshot().Draft()
	for i := range cache.Snapshot().NumNodes() {
		ready := *cache.Snapshot().Node(i)
		ready.Ready = true
		draft.PutNode(&ready)
	}
	advised := templatecapacity.Of(draft.Snapshot(), templatecapacity.GroupLabels)
	if len(advised) != 1 || advised[0].Bytes != 50<<30 || advised[0].Empty != 1 {
		t.Fatalf("advised %+v, want 50Gi as the one empty node of the group has", advised)
	}

	template := node("template")
	template.Labels[key] = "full" // Of the node that was copied.
	template.Labels["cluster-autoscaler.kubernetes.io/template-node"] = "true"
	cluster.Nodes = append(cluster.Nodes, template)
	with := cluster.Clone()
	with.Pools = append(with.Pools, advised[0].Object("moorage", nil))
	plugins, err := NewInTree(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		cluster *Cluster
		claim   string
		want    []string // the nodes that are left, by name
	}{
		{"without what moorage publishes", cluster, "fits", []string{"empty"}},
		{"with it", with, "fits", []string{"empty", "template"}},
		{"with it, more than a new node has", with, "too-large", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := plugins.Load(test.cluster); err != nil {
				t.Fatal(err)
			}
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "prod", Name: "db", UID: "p"}, Spec: corev1.PodSpec{Volumes: []corev1.Volume{{
				Name: "v", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: test.claim}},
			}}}}
			var left []string
			for i, ruling := range plugins.RuleJointly(pod) {
				if ruling.Outcome == Errored || ruling.Held {
					t.Fatalf("%+v", ruling)
				}
				if !ruling.Refused() {
					left = append(left, []string{"empty", "full", "template"}[i])
				}
			}
			if !slices.Equal(left, test.want) {
				t.Errorf("left are %v, want %v", left, test.want)
			}
		})
	}
}
