// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/randfill"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// TestRandomObjects puts random objects of every kind into a cache, and asks the engine about its pods: whatever their fields hold, and
// the API server might not have admitted, nothing panics.
func TestRandomObjects(t *testing.T) {
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	names := []string{"", "a", "b", "c", "d", "e", "f", "g"}
	name := func() string { return names[random.IntN(len(names))] }
	fill := randfill.NewWithSeed(seed).NilChance(0.6).NumElements(0, 3).MaxDepth(12).Funcs(
		// Few names, so that objects refer to each other.
		func(s *string, c randfill.Continue) {
			if *s = name(); random.IntN(8) == 0 {
				*s = c.String(12)
			}
		},
		func(q *resource.Quantity, c randfill.Continue) {
			*q = *resource.NewQuantity(c.Int63()-c.Int63()>>2, resource.BinarySI)
			if random.IntN(4) == 0 {
				*q = resource.MustParse("10Gi")
			}
		},
		func(at *metav1.Time, c randfill.Continue) { *at = metav1.Unix(c.Int63n(1<<32), 0) },
		func(fields *metav1.FieldsV1, _ randfill.Continue) { *fields = metav1.FieldsV1{} },
		func(volumes *[]corev1.Volume, c randfill.Continue) {
			for range 1 + random.IntN(3) {
				var v corev1.Volume
				c.Fill(&v)
				if random.IntN(2) == 0 {
					v.VolumeSource = corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: name()}}
				}
				*volumes = append(*volumes, v)
			}
		},
	)
	engine, err := placement.NewEngine(placement.Config{Predicates: map[string]placement.Mode{placement.RebuildRoom: placement.Enforce}})
	if err != nil {
		t.Fatal(err)
	}
	kinds := []metav1.Object{
		&corev1.Node{}, &storagev1.CSINode{}, &storagev1.CSIDriver{}, &storagev1.StorageClass{}, &storagev1.CSIStorageCapacity{},
		&corev1.PersistentVolume{}, &corev1.PersistentVolumeClaim{}, &storagev1.VolumeAttachment{}, &corev1.Pod{},
		&storagev1.VolumeAttributesClass{}, &snapshotv1.VolumeSnapshotClass{}, &snapshotv1.VolumeSnapshotContent{},
		&snapshotv1.VolumeSnapshot{}, &corev1.Namespace{},
		&topology.LonghornReplica{}, &topology.LonghornNode{}, &topology.LinstorResource{},
	}
	if want := len(topology.Kinds) + len(topology.OptionalKinds); len(kinds) != want {
		t.Fatalf("%d kinds are tried, of %d", len(kinds), want)
	}
	cache := topology.New(topology.Options{NodeDelay: -1, Fault: func(err *topology.FaultError) { t.Errorf("%v\n%s", err, err.Stack) }})
	for round := range 100 {
		for _, kind := range kinds {
			object := reflect.New(reflect.TypeOf(kind).Elem()).Interface().(metav1.Object)
			fill.Fill(object)
			object.SetName(names[1+random.IntN(len(names)-1)])
			object.SetNamespace(name())
			if err := cache.Upsert(object); err != nil {
				t.Fatal(err)
			}
			if random.IntN(20) == 0 {
				of, _ := topology.KindOf(object)
				cache.Delete(of, topology.Key{Namespace: object.GetNamespace(), Name: object.GetName()})
			}
			pod, ok := object.(*corev1.Pod)
			if !ok {
				continue
			}
			cache.Flush()
			s := cache.Snapshot()
			verdict := engine.Filter(s, placement.NewDemand(s, topology.PodFromAPI(pod)))
			engine.Score(s, verdict, verdict.Feasible)
			if waiting := slices.Collect(s.Waiting()); len(waiting) > 0 {
				engine.Filter(s, placement.NewDemand(s, waiting[round%len(waiting)]))
			}
		}
	}
}
