// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"fmt"
	"testing"

	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
	"github.com/moorage-k8s/moorage/topology/synthetic"
)

// BenchmarkEngine asks about a pod with two bound volumes and a claim to be provisioned, with 100,000 volumes in the cache:
// all names looked up, every node judged, and for prioritize rated. For filter the bound volumes are in one zone; for
// prioritize one can be reached from everywhere, so that every scorer speaks. The pools are one for each zone, or one for each
// node.
func BenchmarkEngine(b *testing.B) {
	for _, nodes := range []int{100, 1000, 5000, 15000} {
		cache := synthetic.Cache(synthetic.Size{Nodes: nodes, Volumes: 100_000, LocalPools: true})
		for _, class := range []string{synthetic.Zonal, synthetic.Local} {
			if err := cache.Upsert(synthetic.Claim("new-"+class, class, 5<<30)); err != nil {
				b.Fatal(err)
			}
		}
		addScored(b, cache, nodes)
		cache.Flush()
		names := make([][]byte, nodes)
		for i := range names {
			names[i] = []byte(synthetic.NodeName(i))
		}
		engine, err := placement.NewEngine(placement.Config{})
		if err != nil {
			b.Fatal(err)
		}
		for _, class := range []string{synthetic.Zonal, synthetic.Local} {
			pod := topology.PodFromAPI(synthetic.PodWithClaims("new", "", synthetic.ClaimName(0), synthetic.ClaimName(3), "new-"+class))
			b.Run(fmt.Sprintf("filter/%s/%d", class, nodes), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					s := cache.Snapshot()
					verdict := engine.Filter(s, placement.NewDemand(s, pod))
					passed := 0
					for _, name := range names {
						if i, ok := s.NodeIndexOf(name); ok && verdict.Feasible.Has(i) {
							passed++
						}
					}
					if passed == 0 || passed == nodes {
						b.Fatalf("%d of %d nodes passed", passed, nodes)
					}
				}
			})
			scored := topology.PodFromAPI(synthetic.PodWithClaims("db-100000", "", "everywhere", class+"-db-100000"))
			b.Run(fmt.Sprintf("prioritize/%s/%d", class, nodes), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					s := cache.Snapshot()
					verdict := engine.Filter(s, placement.NewDemand(s, scored))
					scores := engine.Score(s, verdict, s.AllNodes())
					if len(scores.Names) < speaking {
						b.Fatalf("only %v speak", scores.Names)
					}
					for _, name := range names {
						if i, ok := s.NodeIndexOf(name); ok {
							scores.Node(i)
						}
					}
				}
			})
		}
	}
}

// speaking is how many scorers speak about the pod that addScored prepares.
const speaking = 6

// addScored adds what makes every scorer speak: a pod's claims that belong to large series, a volume that is attached
// somewhere, a volume that could not be made, nodes with different numbers of free slots, and a zone with few nodes that could take a pod over.
func addScored(b *testing.B, cache *topology.Cache, nodes int) {
	var objects []metav1.Object
	for _, class := range []string{synthetic.Zonal, synthetic.Local} {
		failed := synthetic.Claim("failed-"+class, class, 1<<30)
		failed.Annotations = map[string]string{"volume.kubernetes.io/selected-node": synthetic.NodeName(8)}
		// A node is believed to be selected only for a claim that a pod asks for.
		objects = append(objects, synthetic.Claim(class+"-db-100000", class, 5<<30), synthetic.PodWithClaims(failed.Name, "", failed.Name),
			failed, synthetic.Claim(failed.Name, class, 1<<30))
		for i := range 1000 {
			claim := synthetic.BoundClaim(i * i % 1000)
			claim.Name = fmt.Sprintf("%s-db-%d", class, i)
			objects = append(objects, claim)
		}
	}
	volume, claim := synthetic.Volume(100_000), synthetic.BoundClaim(100_000)
	volume.Spec.NodeAffinity, claim.Name = nil, "everywhere"
	objects = append(objects, volume, claim, &storagev1.VolumeAttachment{
		ObjectMeta: metav1.ObjectMeta{Name: "attachment"},
		Spec: storagev1.VolumeAttachmentSpec{
			Attacher: synthetic.Driver, NodeName: synthetic.NodeName(nodes/18*9 + 8),
			Source: storagev1.VolumeAttachmentSource{PersistentVolumeName: &volume.Name},
		},
		Status: storagev1.VolumeAttachmentStatus{Attached: true},
	})
	for i := 0; i < nodes; i += 4 {
		objects = append(objects, synthetic.PodWithClaims(fmt.Sprint("busy-", i), synthetic.NodeName(i),
			synthetic.ClaimName(i+10), synthetic.ClaimName(i+11), synthetic.ClaimName(i+12)))
	}
	for i := 1; i < nodes-30; i += len(synthetic.Zones) {
		node := synthetic.Node(i)
		node.Spec.Unschedulable = true
		objects = append(objects, node)
	}
	for _, object := range objects {
		if err := cache.Upsert(object); err != nil {
			b.Fatal(err)
		}
	}
}
