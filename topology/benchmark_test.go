// SPDX-License-Identifier: Apache-2.0

package topology_test

import (
	"runtime"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/synthetic"
)

// full is the size that moorage is built for.
var full = synthetic.Size{Nodes: 15_000, Volumes: 100_000, Pods: 150_000, LocalPools: true}

// fullCache is shared by the benchmarks, as it takes seconds to make. Each event that they apply replaces an object by
// another of the same name, so its size stays.
var fullCache = sync.OnceValue(func() *topology.Cache { return synthetic.Cache(full) })

// BenchmarkEvent is the cost of one event at full size, publishing included.
func BenchmarkEvent(b *testing.B) {
	c := fullCache()
	run := func(name string, make func(i int) metav1.Object) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			objects := []metav1.Object{}
			for i := range 1000 {
				objects = append(objects, make(i*97))
			}
			for i := 0; b.Loop(); i++ {
				if err := c.Upsert(objects[i%len(objects)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("volume", func(i int) metav1.Object { return synthetic.Volume(i % full.Volumes) })
	run("claim", func(i int) metav1.Object { return synthetic.BoundClaim(i % full.Volumes) })
	run("pod-status", func(i int) metav1.Object { return synthetic.Pod(i, i%full.Nodes, i%full.Volumes) })
	run("pod-assigned-or-gone", func(i int) metav1.Object {
		pod := synthetic.Pod(i/(2*97), i%full.Nodes, i%full.Volumes)
		if i/97%2 == 1 {
			pod.Status.Phase = corev1.PodSucceeded
		}
		return pod
	})
	run("zonal-pool", func(i int) metav1.Object {
		zone := synthetic.Zones[i%len(synthetic.Zones)]
		return synthetic.Pool("zonal-"+zone, synthetic.Zonal, map[string]string{synthetic.ZoneKey: zone}, int64(i+1)<<30)
	})
	run("local-pool", func(i int) metav1.Object {
		node := synthetic.NodeName(i % full.Nodes)
		return synthetic.Pool("local-"+node, synthetic.Local, map[string]string{corev1.LabelHostname: node}, int64(i+1)<<30)
	})
	run("node-heartbeat", func(i int) metav1.Object { return synthetic.Node(i % full.Nodes) })
}

// BenchmarkSnapshot is the cost of taking a snapshot while events are applied as fast as they can be; the longest that one
// took is reported as max-ns.
func BenchmarkSnapshot(b *testing.B) {
	c := fullCache()
	stop := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				if err := c.Upsert(synthetic.Volume(i % full.Volumes)); err != nil {
					b.Error(err)
				}
			}
		}
	})
	var longest time.Duration
	for b.Loop() {
		start := time.Now()
		if c.Snapshot().NumNodes() != full.Nodes {
			b.Fatal("a snapshot without its nodes")
		}
		longest = max(longest, time.Since(start))
	}
	b.ReportMetric(float64(longest.Nanoseconds()), "max-ns")
	close(stop)
	writer.Wait()
}

// BenchmarkNodeChange is the cost of a change of one node's labels, with all that is compiled again because of it. It is not
// paid for each event: changes are gathered (topology.Options.NodeDelay).
func BenchmarkNodeChange(b *testing.B) {
	c := fullCache()
	s := c.Snapshot()
	s.Nodes(s.Volume(synthetic.VolumeName(0)).Affinity)
	s.PoolGroups(synthetic.Local)
	for i := 0; b.Loop(); i++ {
		node := synthetic.Node(i % full.Nodes)
		node.Labels["benchmark"] = time.Now().String()
		if err := c.Upsert(node); err != nil {
			b.Fatal(err)
		}
		c.Flush()
	}
}

// BenchmarkFullSize is the time to fill a cache of full size, and the memory that it then holds.
func BenchmarkFullSize(b *testing.B) {
	var before, after runtime.MemStats
	for b.Loop() {
		b.StopTimer()
		runtime.GC()
		runtime.ReadMemStats(&before)
		b.StartTimer()
		c := synthetic.Cache(full)
		b.StopTimer()
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB-held")
		runtime.KeepAlive(c)
		b.StartTimer()
	}
}
