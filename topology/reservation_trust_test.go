// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// tenants is a cache of two nodes in a zone of their own each, with a pool of 100 bytes each, in which tenants write.
type tenants struct {
	*testing.T
	cache   *Cache
	now     time.Time
	version int
}

func newTenants(t *testing.T, options Options) *tenants {
	w := &tenants{T: t, now: time.Unix(1_000_000, 0)}
	options.NodeDelay, options.Now = -1, func() time.Time { return w.now }
	w.cache = New(options)
	for _, zone := range []string{"a", "b"} {
		w.put(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-" + zone, Labels: map[string]string{"zone": zone}}})
		w.put(&storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: "node-" + zone}, Spec: storagev1.CSINodeSpec{
			Drivers: []storagev1.CSINodeDriver{{Name: "zonal.csi.example.com", NodeID: zone, TopologyKeys: []string{"zone"}}},
		}})
		w.publish(zone, 100)
	}
	w.put(delayedClass("zonal"))
	w.cache.Flush()
	return w
}

// put stores the object as an API server does, and has the cache hear of it.
func (w *tenants) put(o metav1.Object) {
	w.Helper()
	w.version++
	o.SetResourceVersion(fmt.Sprint(w.version))
	if err := w.cache.Upsert(o); err != nil {
		w.Fatal(err)
	}
}

func (w *tenants) publish(zone string, bytes int64) { w.put(capacityOf(zone, bytes)) }

// capacityOf is the pool of a zone.
func capacityOf(zone string, bytes int64) *storagev1.CSIStorageCapacity {
	return &storagev1.CSIStorageCapacity{
		ObjectMeta: metav1.ObjectMeta{Namespace: "driver", Name: zone}, StorageClassName: "zonal",
		NodeTopology: &metav1.LabelSelector{MatchLabels: map[string]string{"zone": zone}},
		Capacity:     resource.NewQuantity(bytes, resource.BinarySI),
	}
}

// claim is a claim for which the node was selected, unless that is empty.
func (w *tenants) claim(namespace, name, size, node string) *corev1.PersistentVolumeClaim {
	class := "zonal"
	c := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID(namespace + name)}}
	c.Spec.StorageClassName = &class
	c.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)}
	if node != "" {
		c.Annotations = map[string]string{"volume.kubernetes.io/selected-node": node}
	}
	return c
}

func (w *tenants) volume(name string, claim *corev1.PersistentVolumeClaim) {
	w.put(volumeOf(name, claim))
}

// volumeOf is a volume that was made for the claim.
func volumeOf(name string, claim *corev1.PersistentVolumeClaim) *corev1.PersistentVolume {
	v := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: name}}
	v.Spec.ClaimRef = &corev1.ObjectReference{Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID}
	return v
}

// reserved are the sizes that are surely reserved, by claim.
func (w *tenants) reserved() map[string]int64 {
	w.cache.Flush()
	out := map[string]int64{}
	for r := range w.cache.Snapshot().Reservations("zonal") {
		out[r.Claim.String()] = r.Bytes
	}
	return out
}

func (w *tenants) expect(when string, claims ...string) {
	w.Helper()
	if got := slices.Sorted(maps.Keys(w.reserved())); !slices.Equal(got, claims) {
		w.Errorf("%s: reserved for %v, want %v", when, got, claims)
	}
}

// Anybody who may write a claim may write the scheduler's annotation. It reserves only what can be true.
func TestOnlyWhatCanBeTrueReserves(t *testing.T) {
	for name, c := range map[string]struct {
		size   string
		node   string
		change func(w *tenants, claim *corev1.PersistentVolumeClaim, pod *corev1.Pod)
		want   bool
	}{
		"an honest claim":          {size: "60", want: true},
		"all of the room":          {size: "100", want: true},
		"larger than the room":     {size: "101"},
		"larger than an int64":     {size: "16Ei"},
		"the largest int64":        {size: "9223372036854775807"},
		"a node that there is not": {size: "60", node: "node-c"},
		"an empty selector": {size: "60", change: func(_ *tenants, c *corev1.PersistentVolumeClaim, _ *corev1.Pod) {
			c.Spec.Selector = &metav1.LabelSelector{}
		}},
		"a pod of another namespace":       {size: "60", change: func(_ *tenants, _ *corev1.PersistentVolumeClaim, p *corev1.Pod) { p.Namespace = "other" }},
		"a pod on another node":            {size: "60", change: func(_ *tenants, _ *corev1.PersistentVolumeClaim, p *corev1.Pod) { p.Spec.NodeName = "node-b" }},
		"a pod that is on the node by now": {size: "60", want: true, change: func(_ *tenants, _ *corev1.PersistentVolumeClaim, p *corev1.Pod) { p.Spec.NodeName = "node-a" }},
		"a pod that has ended":             {size: "60", change: func(_ *tenants, _ *corev1.PersistentVolumeClaim, p *corev1.Pod) { p.Status.Phase = corev1.PodFailed }},
		"a gated pod": {size: "60", change: func(_ *tenants, _ *corev1.PersistentVolumeClaim, p *corev1.Pod) {
			p.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "wait"}}
		}},
		"no such class": {size: "60", change: func(_ *tenants, c *corev1.PersistentVolumeClaim, _ *corev1.Pod) {
			c.Spec.StorageClassName = new("none")
		}},
		"a class that does not wait": {size: "60", change: func(w *tenants, _ *corev1.PersistentVolumeClaim, _ *corev1.Pod) {
			class := delayedClass("zonal")
			class.VolumeBindingMode = nil
			w.put(class)
		}},
		"a class that allows other zones": {size: "60", change: func(w *tenants, _ *corev1.PersistentVolumeClaim, _ *corev1.Pod) {
			class := delayedClass("zonal")
			class.AllowedTopologies = []corev1.TopologySelectorTerm{{MatchLabelExpressions: []corev1.TopologySelectorLabelRequirement{{Key: "zone", Values: []string{"b"}}}}}
			w.put(class)
		}},
		"a populator's claim": {size: "60", change: func(_ *tenants, c *corev1.PersistentVolumeClaim, _ *corev1.Pod) {
			c.Spec.DataSourceRef = &corev1.TypedObjectReference{APIGroup: new("populators.example.com"), Kind: "Backup", Name: "x"}
		}},
		"a restored snapshot": {size: "60", want: true, change: func(_ *tenants, c *corev1.PersistentVolumeClaim, _ *corev1.Pod) {
			c.Spec.DataSource = &corev1.TypedLocalObjectReference{APIGroup: new("snapshot.storage.k8s.io"), Kind: "VolumeSnapshot", Name: "x"}
		}},
		"a clone": {size: "60", want: true, change: func(_ *tenants, c *corev1.PersistentVolumeClaim, _ *corev1.Pod) {
			c.Spec.DataSourceRef = &corev1.TypedObjectReference{Kind: "PersistentVolumeClaim", Name: "x"}
		}},
	} {
		for _, podFirst := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, the pod first %t", name, podFirst), func(t *testing.T) {
				w := newTenants(t, Options{})
				node := c.node
				if node == "" {
					node = "node-a"
				}
				claim := w.claim("tenant", "data", c.size, node)
				pod := podOf(claim)
				if c.change != nil {
					c.change(w, claim, pod)
				}
				if podFirst {
					w.put(pod)
				}
				w.put(claim)
				if !podFirst {
					w.expect("before the pod is seen")
					w.put(pod)
				}
				var want []string
				if c.want {
					want = []string{"tenant/data"}
				}
				w.expect("with the pod", want...)
			})
		}
	}
}

// What the reservation waits for may be seen last, in any order.
func TestAReservationBeginsWhenTheLastReasonIsSeen(t *testing.T) {
	w := newTenants(t, Options{})
	w.publish("a", 10)
	w.cache.Delete(KindClass, Key{Name: "zonal"})
	claim := w.claim("tenant", "data", "60", "node-a")
	pod := podOf(claim)
	pod.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "wait"}}
	w.put(pod)
	w.put(claim)
	w.expect("with nothing else")
	w.put(delayedClass("zonal"))
	w.expect("with the class")
	open := pod.DeepCopy()
	open.Spec.SchedulingGates = nil
	w.put(open)
	w.expect("with the pod's gate open")
	w.publish("a", 100)
	w.expect("with room in the pool", "tenant/data")
	w.cache.Delete(KindPod, Key{"tenant", pod.Name})
	w.publish("a", 20)
	w.expect("without the pod and with less room: the provisioner goes on", "tenant/data")
}

func TestInFlightHasALimitThatTouchingDoesNotMove(t *testing.T) {
	w := newTenants(t, Options{})
	claim := w.claim("tenant", "data", "60", "node-a")
	w.put(podOf(claim))
	w.put(claim)
	w.now = w.now.Add(DefaultInFlightLimit - time.Second)
	touched := claim.DeepCopy()
	touched.Labels = map[string]string{"touched": "yes"}
	w.put(touched)
	w.expect("a second before the limit", "tenant/data")
	w.now = w.now.Add(2 * time.Second)
	w.expect("after the limit")
	w.put(w.claim("tenant", "data", "60", ""))
	w.put(w.claim("tenant", "data", "60", "node-a"))
	w.put(podOf(claim))
	w.expect("annotated again with the same node")
	w.put(w.claim("tenant", "data", "60", "node-b"))
	w.expect("with another node", "tenant/data")
	// Half of the time, and the node taken away and put back: the rest of the time.
	w.now = w.now.Add(DefaultInFlightLimit / 2)
	w.put(w.claim("tenant", "data", "60", ""))
	w.put(w.claim("tenant", "data", "60", "node-b"))
	w.expect("annotated again in time", "tenant/data")
	w.now = w.now.Add(DefaultInFlightLimit/2 + time.Second)
	w.expect("after the rest of the time")
}

// A volume that was made after all is reserved for until its pool shows it, whatever the time limit said.
func TestASlowVolumeReservesOnceItIsMade(t *testing.T) {
	w := newTenants(t, Options{})
	claim := w.claim("tenant", "data", "60", "node-a")
	w.put(podOf(claim))
	w.put(claim)
	w.now = w.now.Add(DefaultInFlightLimit + time.Second)
	w.expect("after the limit")
	w.volume("pv", claim)
	bound := claim.DeepCopy()
	bound.Spec.VolumeName = "pv"
	w.put(bound)
	w.expect("with its volume", "tenant/data")
	w.publish("a", 40)
	w.expect("published")
}

// Taking the annotation off one's own claim counts as a failure once for each place, and only if it can have been true.
func TestAnnotationsByHandDoNotSteer(t *testing.T) {
	w := newTenants(t, Options{})
	failures := func() int { return len(w.cache.Snapshot().ProvisioningFailures("zonal")) }
	again := func(claim *corev1.PersistentVolumeClaim) {
		for range 3 {
			w.put(claim.DeepCopy())
			off := claim.DeepCopy()
			off.Annotations = nil
			w.put(off)
		}
	}
	claim := w.claim("attacker", "x", "1", "node-a")
	again(claim)
	if got := failures(); got != 0 {
		t.Errorf("%d failures are remembered of a claim that no pod uses, want none", got)
	}
	w.put(podOf(claim))
	again(claim)
	if got := failures(); got != 1 {
		t.Errorf("%d failures are remembered of one claim in one place, want 1", got)
	}
	// However many claims a namespace has, the others' failures stay.
	for i := range 2 * maxFailures {
		c := w.claim("attacker", fmt.Sprint("y", i), "1", "node-a")
		w.put(podOf(c))
		again(c)
		if i == 0 {
			victim := w.claim("victim", "data", "1", "node-b")
			w.put(podOf(victim))
			again(victim)
		}
	}
	if got := failures(); got != maxFailures {
		t.Errorf("%d failures are remembered, want %d", got, maxFailures)
	}
	kept := slices.ContainsFunc(w.cache.Snapshot().ProvisioningFailures("zonal"), func(f ProvisioningFailure) bool { return f.namespace == "victim" })
	if !kept {
		t.Error("the victim's failure has been pushed out")
	}
}

// A pool's fall is a claim's volume only if there is a volume that names the claim.
func TestAVolumeNameByHandTakesNoFall(t *testing.T) {
	for _, attack := range []string{"none", "names a volume", "is deleted"} {
		t.Run(attack, func(t *testing.T) {
			w := newTenants(t, Options{})
			first := w.claim("victim", "first", "60", "node-a")
			thief := w.claim("attacker", "thief", "60", "node-a")
			w.put(podOf(first))
			w.put(podOf(thief))
			w.put(first)
			if attack != "none" {
				w.put(thief)
			}
			w.publish("a", 40)
			switch attack {
			case "names a volume":
				named := thief.DeepCopy()
				named.Spec.VolumeName = "any-name"
				w.put(named)
			case "is deleted":
				w.cache.Delete(KindClaim, Key{"attacker", "thief"})
			}
			w.volume("pv-1", first)
			bound := first.DeepCopy()
			bound.Spec.VolumeName = "pv-1"
			w.put(bound)
			w.expect("once the pool shows the volume")
		})
	}
}

// The two objects of a binding may be seen in either order. Between them nobody is refused for it.
func TestTheVolumeMayBeSeenAfterItsClaim(t *testing.T) {
	w := newTenants(t, Options{})
	claim := w.claim("tenant", "data", "60", "node-a")
	w.put(podOf(claim))
	w.put(claim)
	bound := claim.DeepCopy()
	bound.Spec.VolumeName = "pv"
	w.put(bound)
	w.expect("with a name of a volume that is not seen")
	if got := len(slices.Collect(w.cache.Snapshot().Uncertain("zonal"))); got != 1 {
		t.Errorf("%d uncertain reservations, want 1", got)
	}
	w.volume("pv", claim)
	w.expect("with the volume", "tenant/data")
}

func TestANamespaceKeepsWithinItsShare(t *testing.T) {
	w := newTenants(t, Options{NamespaceShare: 0.5})
	for _, name := range []string{"one", "two", "three"} {
		claim := w.claim("tenant", name, "20", "node-a")
		w.put(podOf(claim))
		w.put(claim)
	}
	w.expect("of three times 20 in a pool of 100", "tenant/one", "tenant/two")
	w.cache.Delete(KindClaim, Key{"tenant", "one"})
	w.expect("once one is gone", "tenant/three", "tenant/two")
}
