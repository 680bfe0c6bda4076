// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
	"github.com/moorage-k8s/moorage/topology/synthetic"
)

// PoolFit measures room against what nodes reach together, not against how the pools came to be known: two replicas, or one
// before and after a restart, give the same score.
func TestPoolFitDoesNotDependOnTheOrderOfPools(t *testing.T) {
	engine, err := placement.NewEngine(placement.Config{})
	if err != nil {
		t.Fatal(err)
	}
	claim := synthetic.Claim("data", synthetic.Zonal, 1<<30)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: synthetic.Namespace}}
	pod.Spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"},
	}}}
	here, there := map[string]string{"rack": "1"}, map[string]string{"rack": "2"}
	node := func(name string, labels map[string]string) metav1.Object {
		return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
	}
	// A claim on its way to n1 takes most of what the two pools there have together. No node reaches one of them alone, so that
	// what one would have by itself is no measure.
	coming := synthetic.Claim("coming", synthetic.Zonal, 60<<30)
	metav1.SetMetaDataAnnotation(&coming.ObjectMeta, "volume.kubernetes.io/selected-node", "n1")
	pools := []metav1.Object{
		synthetic.Pool("small", synthetic.Zonal, here, 10<<30), synthetic.Pool("large", synthetic.Zonal, here, 90<<30),
		synthetic.Pool("other", synthetic.Zonal, there, 2<<30),
	}
	scores := func() []float64 {
		cache := topology.New(topology.Options{NodeDelay: -1})
		for kind, objects := range map[topology.Kind][]metav1.Object{
			topology.KindNode:   {node("n1", here), node("n2", there)},
			topology.KindPool:   pools,
			topology.KindClaim:  {claim, coming},
			topology.KindPod:    {synthetic.PodWithClaims("coming", "", "coming")},
			topology.KindDriver: {&storagev1.CSIDriver{ObjectMeta: metav1.ObjectMeta{Name: synthetic.Driver}, Spec: storagev1.CSIDriverSpec{StorageCapacity: new(true)}}},
			topology.KindClass: {&storagev1.StorageClass{
				ObjectMeta: metav1.ObjectMeta{Name: synthetic.Zonal}, Provisioner: synthetic.Driver,
				VolumeBindingMode: new(storagev1.VolumeBindingWaitForFirstConsumer),
			}},
		} {
			if err := cache.Replace(kind, objects); err != nil {
				t.Fatal(err)
			}
		}
		s := cache.Snapshot()
		verdict := engine.Filter(s, placement.NewDemand(s, topology.PodFromAPI(pod)))
		got := engine.Score(s, verdict, verdict.Feasible)
		at := slices.Index(got.Names, placement.PoolFit)
		if at < 0 {
			t.Fatalf("PoolFit is silent; %v speak", got.Names)
		}
		return []float64{got.Part(at, 0), got.Part(at, 1)}
	}
	want := scores()
	slices.Reverse(pools)
	if diff := cmp.Diff(want, scores()); diff != "" {
		t.Errorf("with the pools the other way round, the rates of the nodes differ:\n%s", diff)
	}
}
