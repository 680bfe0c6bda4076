// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"runtime"
	"testing"
	"weak"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// onHost is a volume that one node reaches.
func onHost(name, host string) *corev1.PersistentVolume {
	return &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.PersistentVolumeSpec{
		NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
			MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: "In", Values: []string{host}}},
		}}}},
	}}
}

func labelled(i int, more string) *corev1.Node {
	name := fmt.Sprint("node-", i)
	return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelHostname: name, "more": more}}}
}

// someNodes is a cache of nodes that no change reaches until Flush.
func someNodes(t *testing.T, n int) *Cache {
	t.Helper()
	c := New(Options{NodeDelay: -1})
	for i := range n {
		put(t, c, labelled(i, ""))
	}
	c.Flush()
	return c
}

func put(t *testing.T, c *Cache, o metav1.Object) {
	t.Helper()
	if err := c.Upsert(o); err != nil {
		t.Fatal(err)
	}
}

// settled is what it allocates to bring the change of one node's labels in.
func settled(t *testing.T, c *Cache, more string) uint64 {
	t.Helper()
	put(t, c, labelled(0, more))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	c.Flush()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func heapHeld() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// What volumes that are gone said of nodes costs nothing any more: neither memory, nor when a node changes.
func TestSelectorsOfGoneVolumesAreForgotten(t *testing.T) {
	const gone = 5000
	c := someNodes(t, 1000)
	put(t, c, onHost("stays", "node-1"))
	s := c.Snapshot()
	s.Nodes(s.Volume("stays").Affinity)
	settled(t, c, "warm-up")
	cost, held := settled(t, c, "before"), heapHeld()

	selectors := make([]weak.Pointer[Selector], gone)
	for i := range gone {
		name, host := fmt.Sprint("gone-", i), fmt.Sprint("elsewhere-", i)
		if i%2 == 0 {
			host = fmt.Sprint("node-", i%1000) // Of a node that stays.
		}
		put(t, c, onHost(name, host))
		s := c.Snapshot()
		affinity := s.Volume(name).Affinity
		s.Nodes(affinity)
		s.Zones("").Touched(affinity)
		selectors[i] = weak.Make(affinity)
		c.Delete(KindVolume, Key{Name: name})
		if i%1000 == 999 {
			settled(t, c, fmt.Sprint("meanwhile-", i))
		}
	}
	after := heapHeld()
	retained := 0
	for i := range selectors {
		if selectors[i].Value() != nil {
			retained++
		}
	}
	// That which node-1 has stays with the volume that stays.
	if retained > gone/1000 {
		t.Errorf("%d of %d selectors that no object names are still held", retained, gone)
	}
	if after > held+held/10+64<<10 {
		t.Errorf("%d KiB are held once %d volumes have come and gone, %d KiB before", after>>10, gone, held>>10)
	}
	if again := settled(t, c, "after"); again > cost+cost/4 {
		t.Errorf("one change of a label allocates %d KiB once %d volumes have come and gone, %d KiB before", again>>10, gone, cost>>10)
	}
	runtime.KeepAlive(selectors)
}

// A snapshot that somebody keeps answers as before, whatever the cache has forgotten or compiled again since.
func TestKeptSnapshotStaysValid(t *testing.T) {
	c := someNodes(t, 100)
	put(t, c, onHost("data", "node-7"))
	old := c.Snapshot()
	c.Delete(KindVolume, Key{Name: "data"})
	c.Delete(KindNode, Key{Name: "node-0"})
	c.Flush()
	runtime.GC()
	put(t, c, onHost("data", "node-7"))
	renamed := c.Snapshot()
	put(t, c, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-7", Labels: map[string]string{corev1.LabelHostname: "other"}}})
	c.Flush()
	newest := c.Snapshot()
	for range 2 {
		for _, at := range []struct {
			s     *Snapshot
			nodes int
		}{{old, 1}, {renamed, 1}, {newest, 0}} {
			set := at.s.Nodes(old.Volume("data").Affinity)
			if set.Len() != at.nodes || set.Size() != at.s.NumNodes() {
				t.Fatalf("%d of %d nodes, want %d of %d", set.Len(), set.Size(), at.nodes, at.s.NumNodes())
			}
			for i := range set.All() {
				if name := at.s.Node(i).Name; name != "node-7" {
					t.Fatalf("node %s is in the set", name)
				}
			}
		}
	}
}

// One change of a label costs the sets of the selectors that name it, and not those of all others.
func TestLabelChangeKeepsOtherSets(t *testing.T) {
	const volumes = 2000
	c := someNodes(t, volumes)
	settled(t, c, "warm-up")
	cost := settled(t, c, "before")
	for i := range volumes {
		put(t, c, onHost(fmt.Sprint("pv-", i), fmt.Sprint("node-", i)))
		s := c.Snapshot()
		s.Nodes(s.Volume(fmt.Sprint("pv-", i)).Affinity)
	}
	s := c.Snapshot()
	again := settled(t, c, "after")
	sets := uint64(volumes * (s.NumNodes() + 63) / 64 * 8)
	if again > cost+sets/2 {
		t.Errorf("one change of another label allocates %d KiB with %d volumes and %d KiB without; their sets are %d KiB", again>>10, volumes, cost>>10, sets>>10)
	}
}

// Anybody can name a driver or a label that no node has, and as many as he likes.
func TestUnknownNamesAreNotKept(t *testing.T) {
	c := someNodes(t, 1000)
	put(t, c, &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: "node-1"}, Spec: storagev1.CSINodeSpec{
		Drivers: []storagev1.CSINodeDriver{{Name: "known", NodeID: "1", TopologyKeys: []string{corev1.LabelHostname}}},
	}})
	c.Flush()
	s := c.Snapshot()
	ask := func(name string) {
		if _, registered := s.DriverOnNodes(name); registered || s.LabelOnNodes(name) {
			t.Fatalf("%s is said to be known", name)
		}
		s.Zones(name)
		s.AttachSlots(name)
		s.WithoutTopologyKeys(name)
		s.LackingDriver(name)
	}
	if _, registered := s.DriverOnNodes("known"); !registered || !s.LabelOnNodes("more") {
		t.Fatal("what nodes have is not known")
	}
	ask("first")
	held := heapHeld()
	for i := range 5000 {
		ask(fmt.Sprint("nobody-", i))
	}
	if after := heapHeld(); after > held+held/10+64<<10 {
		t.Errorf("%d KiB are held once 5000 unknown names were asked about, %d KiB before", after>>10, held>>10)
	}
	runtime.KeepAlive(s)
	runtime.KeepAlive(c)
}
