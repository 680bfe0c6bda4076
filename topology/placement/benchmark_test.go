// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"fmt"
	"testing"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
	"github.com/moorage-k8s/moorage/topology/synthetic"
)

// BenchmarkEngine asks about a pod with two bound volumes of one zone and a claim to be provisioned, with 100,000 volumes
// in the cache: all names looked up, every node judged, and for prioritize rated. The pools are one for each zone, or one
// for each node.
func BenchmarkEngine(b *testing.B) {
	for _, nodes := range []int{100, 1000, 5000, 15000} {
		cache := synthetic.Cache(synthetic.Size{Nodes: nodes, Volumes: 100_000, LocalPools: true})
		for _, class := range []string{synthetic.Zonal, synthetic.Local} {
			if err := cache.Upsert(synthetic.Claim("new-"+class, class, 5<<30)); err != nil {
				b.Fatal(err)
			}
		}
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
			b.Run(fmt.Sprintf("prioritize/%s/%d", class, nodes), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					s := cache.Snapshot()
					scores := engine.Score(s, engine.Filter(s, placement.NewDemand(s, pod)))
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
