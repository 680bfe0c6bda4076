// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestDefaultStorageClassIsTheNewest(t *testing.T) {
	class := func(name, marked string, age time.Duration) *storagev1.StorageClass {
		return &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{
			Name: name, Annotations: map[string]string{defaultClassAnnotation: marked},
			CreationTimestamp: metav1.NewTime(time.Unix(1e9, 0).Add(-age)),
		}}
	}
	c := New(Options{})
	if got, ok := c.Snapshot().DefaultStorageClass(); ok {
		t.Errorf("a cluster without classes has the default %v", got)
	}
	for _, o := range []*storagev1.StorageClass{
		class("old", "true", time.Hour), class("b-new", "true", 0), class("a-new", "true", 0), class("newest", "false", -time.Hour),
	} {
		if err := c.Upsert(o); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := c.Snapshot().DefaultStorageClass(); got.Name != "a-new" {
		t.Errorf("default class %s, want the newest of those marked, and of two the first by name", got.Name)
	}
}

func TestBetaAnnotationMarksTheDefaultStorageClass(t *testing.T) {
	c := New(Options{})
	if err := c.Upsert(&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{
		Name: "beta", Annotations: map[string]string{"storageclass.beta.kubernetes.io/is-default-class": "true"},
	}}); err != nil {
		t.Fatal(err)
	}
	if got, ok := c.Snapshot().DefaultStorageClass(); !ok || got.Name != "beta" {
		t.Errorf("default class %v, want beta: Kubernetes counts both annotations", got)
	}
}

func TestReachCombinesAffinityZonesAndMigration(t *testing.T) {
	c := New(Options{NodeDelay: -1})
	var objects []metav1.Object
	for name, zone := range map[string]string{"node-1": "a", "node-2": "a", "node-3": "b"} {
		objects = append(objects,
			&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
				corev1.LabelTopologyZone: zone, corev1.LabelHostname: name, "topology.ebs.csi.aws.com/zone": zone,
			}}},
			&storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: storagev1.CSINodeSpec{
				Drivers: []storagev1.CSINodeDriver{{Name: "d", TopologyKeys: []string{corev1.LabelTopologyZone}}},
			}})
	}
	affinity := &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
		MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{"node-1", "node-3"}}},
	}}}}
	ebs := corev1.PersistentVolumeSource{AWSElasticBlockStore: &corev1.AWSElasticBlockStoreVolumeSource{VolumeID: "vol-1"}}
	zone := map[string]string{corev1.LabelTopologyZone: "a"}
	objects = append(objects,
		&corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "free"}},
		&corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "affine"}, Spec: corev1.PersistentVolumeSpec{NodeAffinity: affinity}},
		&corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "both", Labels: zone}, Spec: corev1.PersistentVolumeSpec{NodeAffinity: affinity}},
		&corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "in-tree", Labels: zone}, Spec: corev1.PersistentVolumeSpec{PersistentVolumeSource: ebs}})
	for _, o := range objects {
		if err := c.Upsert(o); err != nil {
			t.Fatal(err)
		}
	}
	c.Flush()
	s := c.Snapshot()
	for volume, want := range map[string][]int{"free": {0, 1, 2}, "affine": {0, 2}, "both": {0}, "in-tree": {0, 1}} {
		if got := slices.Collect(s.Reach(s.Volume(volume)).All()); !slices.Equal(got, want) {
			t.Errorf("volume %s is reached from nodes %v, want %v", volume, got, want)
		}
	}
	if s.Volume("in-tree").Source != "awsElasticBlockStore" {
		t.Errorf("source %q", s.Volume("in-tree").Source)
	}
	if keys, registered := s.DriverOnNodes("d"); !registered || !slices.Equal(keys, []string{corev1.LabelTopologyZone}) {
		t.Errorf("driver d: %v, %t", keys, registered)
	}
	if _, registered := s.DriverOnNodes("absent"); registered || s.LabelOnNodes("absent") || !s.LabelOnNodes(corev1.LabelHostname) {
		t.Error("what no node says must not be found")
	}
}
