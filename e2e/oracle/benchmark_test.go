// SPDX-License-Identifier: Apache-2.0

package oracle_test

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/e2e/oracle"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
	"github.com/moorage-k8s/moorage/topology/synthetic"
)

// BenchmarkAgainstInTree asks both sides about the same pod on the same cluster, in turns on one core: two bound volumes of
// a zone and a claim that waits for the pod. kube-scheduler's four plugins filter every node; moorage follows the pod's
// volumes, judges every node and looks every name up. The third metric is how many times longer the plugins take.
//
// The claim that waits is of a class that has no volumes at all, which is the best case for in-tree, or of the class of the
// bound ones, where in-tree looks at each of its volumes for each node.
func BenchmarkAgainstInTree(b *testing.B) {
	for _, nodes := range []int{1000, 5000} {
		cluster := syntheticCluster(nodes)
		intree, err := oracle.NewInTree(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if loadErr := intree.Load(cluster); loadErr != nil {
			b.Fatal(loadErr)
		}
		cache := cacheOf(b, cluster)
		engine, err := placement.NewEngine(placement.Config{})
		if err != nil {
			b.Fatal(err)
		}
		names := make([][]byte, nodes)
		for i := range names {
			names[i] = []byte(synthetic.NodeName(i))
		}
		for _, class := range []string{synthetic.Local, synthetic.Zonal} {
			pod := synthetic.PodWithClaims("new", "", synthetic.ClaimName(0), synthetic.ClaimName(3), "new-"+class)
			trimmed := topology.PodFromAPI(pod)
			b.Run(fmt.Sprintf("%s/%d", class, nodes), func(b *testing.B) {
				var theirs, ours time.Duration
				for b.Loop() {
					start := time.Now()
					wanted := 0
					for _, r := range intree.RuleJointly(pod) {
						if r.Outcome == oracle.Accepted {
							wanted++
						}
					}
					theirs += time.Since(start)
					start = time.Now()
					passed := filter(cache, engine, trimmed, names)
					ours += time.Since(start)
					if passed != wanted || passed == 0 || passed == nodes {
						b.Fatalf("of %d nodes kube-scheduler passed %d and moorage %d", nodes, wanted, passed)
					}
				}
				b.ReportMetric(float64(theirs.Nanoseconds())/float64(b.N), "in-tree-ns/op")
				b.ReportMetric(float64(ours.Nanoseconds())/float64(b.N), "moorage-ns/op")
				b.ReportMetric(float64(theirs)/float64(ours), "times-faster")
			})
		}
	}
}

func filter(cache *topology.Cache, engine *placement.Engine, pod *topology.Pod, names [][]byte) int {
	s := cache.Snapshot()
	verdict := engine.Filter(s, placement.NewDemand(s, pod))
	passed := 0
	for _, name := range names {
		if i, ok := s.NodeIndexOf(name); ok && verdict.Feasible.Has(i) {
			passed++
		}
	}
	return passed
}

// syntheticCluster has two bound zonal volumes for each node, in use on it, and pools for both classes.
func syntheticCluster(nodes int) *oracle.Cluster {
	c := &oracle.Cluster{
		Drivers: []*storagev1.CSIDriver{{
			ObjectMeta: metav1.ObjectMeta{Name: synthetic.Driver}, Spec: storagev1.CSIDriverSpec{StorageCapacity: new(true)},
		}},
		Claims: []*corev1.PersistentVolumeClaim{
			synthetic.Claim("new-"+synthetic.Local, synthetic.Local, 5<<30),
			synthetic.Claim("new-"+synthetic.Zonal, synthetic.Zonal, 5<<30),
		},
	}
	for _, class := range []string{synthetic.Zonal, synthetic.Local} {
		c.Classes = append(c.Classes, &storagev1.StorageClass{
			ObjectMeta: metav1.ObjectMeta{Name: class}, Provisioner: synthetic.Driver,
			VolumeBindingMode: new(storagev1.VolumeBindingWaitForFirstConsumer),
		})
		for i, zone := range synthetic.Zones {
			c.Pools = append(c.Pools, synthetic.Pool(class+"-"+zone, class, map[string]string{synthetic.ZoneKey: zone}, int64(i+1)<<40))
		}
	}
	for i := range nodes {
		c.Nodes = append(c.Nodes, synthetic.Node(i))
		c.CSINodes = append(c.CSINodes, &storagev1.CSINode{
			ObjectMeta: metav1.ObjectMeta{Name: synthetic.NodeName(i)},
			Spec: storagev1.CSINodeSpec{Drivers: []storagev1.CSINodeDriver{{
				Name: synthetic.Driver, NodeID: synthetic.NodeName(i), TopologyKeys: []string{synthetic.ZoneKey},
				Allocatable: &storagev1.VolumeNodeResources{Count: new(int32(25))},
			}}},
		})
		for v := 2 * i; v < 2*i+2; v++ {
			c.Volumes = append(c.Volumes, synthetic.Volume(v))
			c.Claims = append(c.Claims, synthetic.BoundClaim(v))
			c.Pods = append(c.Pods, synthetic.Pod(v, i, v))
		}
	}
	return c
}

func cacheOf(b *testing.B, c *oracle.Cluster) *topology.Cache {
	b.Helper()
	cache := topology.New(topology.Options{NodeDelay: -1})
	byKind := map[topology.Kind][]metav1.Object{}
	for _, o := range c.Objects() {
		kind, _ := topology.KindOf(o)
		byKind[kind] = append(byKind[kind], o)
	}
	for _, kind := range topology.Kinds {
		if err := cache.Replace(kind, byKind[kind]); err != nil {
			b.Fatal(err)
		}
	}
	return cache
}
