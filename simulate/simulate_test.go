// SPDX-License-Identifier: Apache-2.0

package simulate_test

import (
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"pgregory.net/rapid"

	"github.com/moorage-k8s/moorage/simulate"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
	"github.com/moorage-k8s/moorage/topology/synthetic"
)

const gi = 1 << 30

func statefulSet(name string, replicas int32, sizes map[string]int64) *appsv1.StatefulSet {
	set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: appsv1.StatefulSetSpec{Replicas: &replicas}}
	for _, template := range []string{"data", "wal"} {
		size, ok := sizes[template]
		if !ok {
			continue
		}
		class := synthetic.Local
		set.Spec.VolumeClaimTemplates = append(set.Spec.VolumeClaimTemplates, corev1.PersistentVolumeClaim{
			ObjectMeta: metav1.ObjectMeta{Name: template},
			Spec: corev1.PersistentVolumeClaimSpec{
				StorageClassName: &class, AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
				Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: *resource.NewQuantity(size, resource.BinarySI)}},
			},
		})
	}
	return set
}

// Whatever is placed, no pool gives more than it has, every volume that is made is taken off the pool of its pod's node, and a
// pod that finds no place has none in what is left: a claim of it, or all together, are larger than the room of every node.
func TestNoPoolIsOverCommitted(t *testing.T) {
	engine, err := placement.NewEngine(placement.Config{})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		cache := synthetic.Cache(synthetic.Size{Nodes: rapid.IntRange(1, 12).Draw(t, "nodes"), LocalPools: true})
		var workloads []runtime.Object
		for i := range rapid.IntRange(1, 3).Draw(t, "workloads") {
			sizes := map[string]int64{"data": rapid.Int64Range(1, 6).Draw(t, "data") * gi}
			if rapid.Bool().Draw(t, "two") {
				sizes["wal"] = rapid.Int64Range(1, 4).Draw(t, "wal") * gi
			}
			workloads = append(workloads, statefulSet(fmt.Sprintf("set%d", i), rapid.Int32Range(0, 8).Draw(t, "replicas"), sizes))
		}
		result, err := simulate.Run(t.Context(), simulate.Question{
			Snapshot: cache.Snapshot(), Engine: engine, Workloads: workloads, Namespace: "default",
		})
		if err != nil {
			t.Fatal(err)
		}
		left := map[string]int64{}
		s := cache.Snapshot()
		groups := s.PoolGroups(synthetic.Local)
		for i := range s.NumNodes() {
			left[s.Node(i).Name] = groups.AppendPools(nil, groups.Of(i))[0].Capacity
		}
		fits := true
		for _, pod := range result.Pods {
			var wanted int64
			for _, v := range pod.Volumes {
				wanted += v.Bytes
			}
			if pod.Node == "" {
				fits = false
				if pod.Unplaced == nil {
					t.Errorf("pod %s has no place, and nothing says why", pod.Name)
				}
				continue
			}
			if left[pod.Node] -= wanted; left[pod.Node] < 0 {
				t.Fatalf("the pool of %s is over-committed by %d with pod %s", pod.Node, -left[pod.Node], pod.Name)
			}
		}
		if fits != result.Fits {
			t.Errorf("fits=%t, but every pod has a place: %t", result.Fits, fits)
		}
		for _, p := range result.Pools {
			node := p.Name[len("kube-system/local-"):]
			if p.After != left[node] {
				t.Errorf("pool %s: %d is said to be free afterwards, want %d", p.Name, p.After, left[node])
			}
		}
	})
}

// Pods of a zone that is lost have a place elsewhere only where their volumes can go along.
func TestLosingAZoneStrandsItsVolumes(t *testing.T) {
	engine, err := placement.NewEngine(placement.Config{})
	if err != nil {
		t.Fatal(err)
	}
	cache := synthetic.Cache(synthetic.Size{Nodes: 6, Volumes: 6, Pods: 6})
	everywhere := synthetic.Volume(0)
	everywhere.Spec.NodeAffinity = nil
	if err = cache.Upsert(everywhere); err != nil {
		t.Fatal(err)
	}
	result, err := simulate.Run(t.Context(), simulate.Question{Snapshot: cache.Snapshot(), Engine: engine, LoseZone: []string{"zone-a"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Lost) != 2 || len(result.Pods) != 2 {
		t.Fatalf("nodes %v are lost, with %d pods; want two of each", result.Lost, len(result.Pods))
	}
	for _, pod := range result.Pods {
		// db-0 has the volume that can be used everywhere.
		if cameBack := pod.Node != ""; cameBack != (pod.Name == "db-0") || pod.From == "" || pod.Zone == "zone-a" {
			t.Errorf("pod %+v", pod)
		}
	}
	before := cache.Snapshot()
	if pod := before.Pod(topology.Key{Namespace: "default", Name: "db-0"}); pod == nil || pod.Node != synthetic.NodeName(0) {
		t.Errorf("the snapshot itself was changed: %+v", pod)
	}
	_, err = simulate.Run(t.Context(), simulate.Question{Snapshot: before, Engine: engine, LoseZone: []string{"zone-z"}})
	if err == nil || err.Error() != `no node is in zone "zone-z"; there are: zone-a, zone-b, zone-c` {
		t.Errorf("a zone that there is not: %v", err)
	}
}

// A DaemonSet has a pod on each node; where a node's pool has no room for its volume, that pod has no place on another.
func TestDaemonSetHasAPodOnEachNode(t *testing.T) {
	engine, err := placement.NewEngine(placement.Config{})
	if err != nil {
		t.Fatal(err)
	}
	class := synthetic.Local
	set := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Name: "agent"}}
	set.Spec.Template.Spec.Volumes = []corev1.Volume{{Name: "buffer", VolumeSource: corev1.VolumeSource{Ephemeral: &corev1.EphemeralVolumeSource{
		VolumeClaimTemplate: &corev1.PersistentVolumeClaimTemplate{Spec: corev1.PersistentVolumeClaimSpec{
			StorageClassName: &class, AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("2Gi")}},
		}},
	}}}}
	// The pool of node i has i+1 GiB.
	cache := synthetic.Cache(synthetic.Size{Nodes: 3, LocalPools: true})
	result, err := simulate.Run(t.Context(), simulate.Question{
		Snapshot: cache.Snapshot(), Engine: engine, Workloads: []runtime.Object{set}, Namespace: "default",
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, pod := range result.Pods {
		want := synthetic.NodeName(i)
		if i == 0 {
			want = ""
		}
		if pod.Node != want || (pod.Unplaced == nil) != (want != "") {
			t.Errorf("pod %s is on %q (%+v), want %q", pod.Name, pod.Node, pod.Unplaced, want)
		}
	}
	if len(result.Pods) != 3 || result.Pods[0].Unplaced.RuledOut != placement.ReasonCapacity.String() {
		t.Errorf("pods %+v", result.Pods)
	}
}

// A claim that does not wait for its pod is provisioned in the first zone with room, from the one on that its name says, and its pod goes there.
func TestClaimsThatBindAtOnceAreProvisionedFirst(t *testing.T) {
	engine, err := placement.NewEngine(placement.Config{})
	if err != nil {
		t.Fatal(err)
	}
	cache := synthetic.Cache(synthetic.Size{Nodes: 6})
	atOnce, delayed := synthetic.Claim("at-once", "immediate", gi), synthetic.Claim("delayed", synthetic.Zonal, gi)
	most := synthetic.Pool("most", "immediate", map[string]string{synthetic.ZoneKey: "zone-b"}, 9*gi)
	least := synthetic.Pool("least", "immediate", map[string]string{synthetic.ZoneKey: "zone-a"}, 2*gi)
	class := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "immediate"}, Provisioner: synthetic.Driver}
	for _, o := range []metav1.Object{class, most, least, atOnce, delayed} {
		if err = cache.Upsert(o); err != nil {
			t.Fatal(err)
		}
	}
	result, err := simulate.Run(t.Context(), simulate.Question{
		Snapshot: cache.Snapshot(), Engine: engine, Namespace: "default",
		Workloads: []runtime.Object{synthetic.PodWithClaims("app", "", "at-once", "delayed")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if pod := result.Pods[0]; pod.Zone != "zone-b" || len(pod.Volumes) != 2 {
		t.Errorf("the pod is %+v, want it in zone-b", pod)
	}
	if len(result.Zones) != 1 || result.Zones[0].Volumes != 2 {
		t.Errorf("new volumes by zone: %+v, want both in zone-b", result.Zones)
	}
}
