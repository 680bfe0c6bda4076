// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"
)

// cluster is what really happens: claims get a node, a volume and are bound, one step at a time; pools are published when
// their figure has changed. Every write is an event, which the cache hears of later: in the order of its kind, but kinds
// apart, as each has a watch of its own.
type cluster struct {
	version int
	free    map[string]int64 // by zone, as the driver knows it
	asked   map[string]int64 // by zone, what the driver answered to the provisioner, which has not published it yet
	claims  map[string]*simClaim
	pools   map[string]*storagev1.CSIStorageCapacity
	events  map[Kind][]func(*Cache) error
	uids    int
	// deleted tells that room was given back. A rise and a fall in one figure cannot be told apart.
	deleted bool
}

type simClaim struct {
	object *corev1.PersistentVolumeClaim
	// made tells that the driver has made the volume, of which the claim may not know yet.
	made bool
	zone string
}

func newCluster(sizes map[string]int64) *cluster {
	c := &cluster{
		free: sizes, asked: map[string]int64{}, claims: map[string]*simClaim{}, pools: map[string]*storagev1.CSIStorageCapacity{},
		events: map[Kind][]func(*Cache) error{},
	}
	for zone := range sizes {
		c.ask(zone)
		c.publish(zone)
	}
	return c
}

func (c *cluster) stamp(meta *metav1.ObjectMeta) {
	c.version++
	meta.ResourceVersion = strconv.Itoa(c.version)
}

func (c *cluster) write(kind Kind, object metav1.Object) {
	c.events[kind] = append(c.events[kind], func(cache *Cache) error { return cache.Upsert(object) })
}

// ask has the provisioner ask the driver for what is free. It publishes that later, as its requests to the API server are
// throttled, and asks of a pool again only after that.
func (c *cluster) ask(zone string) {
	c.asked[zone] = c.free[zone]
}

func (c *cluster) publish(zone string) {
	capacity, asked := c.asked[zone]
	delete(c.asked, zone)
	if old := c.pools[zone]; !asked || old != nil && old.Capacity.Value() == capacity {
		return
	}
	pool := &storagev1.CSIStorageCapacity{
		ObjectMeta: metav1.ObjectMeta{Namespace: "driver", Name: zone}, StorageClassName: "zonal",
		NodeTopology: &metav1.LabelSelector{MatchLabels: map[string]string{"zone": zone}},
		Capacity:     resource.NewQuantity(capacity, resource.BinarySI),
	}
	c.stamp(&pool.ObjectMeta)
	c.pools[zone] = pool
	c.write(KindPool, pool)
}

// update changes a claim, as a copy.
func (c *cluster) update(name string, change func(*corev1.PersistentVolumeClaim)) {
	claim := c.claims[name].object.DeepCopy()
	change(claim)
	c.stamp(&claim.ObjectMeta)
	c.claims[name].object = claim
	c.write(KindClaim, claim)
}

// step lets something happen that can happen now.
func (c *cluster) step(t *rapid.T) {
	name := "claim-" + strconv.Itoa(rapid.IntRange(0, 4).Draw(t, "claim"))
	zone := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "zone")
	claim := c.claims[name]
	switch what := rapid.SampledFrom([]string{"next", "next", "next", "next", "publish", "publish", "fail", "delete", "label"}).Draw(t, "what"); {
	case what == "publish":
		if _, asked := c.asked[zone]; asked {
			c.publish(zone)
		} else {
			c.ask(zone)
		}
	case claim == nil && what == "next":
		c.uids++
		object := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, UID: types.UID(strconv.Itoa(c.uids))}}
		class := "zonal"
		object.Spec.StorageClassName = &class
		object.Spec.Resources.Requests = corev1.ResourceList{
			corev1.ResourceStorage: *resource.NewQuantity(rapid.Int64Range(1, 9).Draw(t, "size"), resource.BinarySI),
		}
		c.claims[name] = &simClaim{object: object}
		c.update(name, func(*corev1.PersistentVolumeClaim) {})
		c.writePod(name, "")
	case claim == nil:
	case what == "label":
		c.update(name, func(o *corev1.PersistentVolumeClaim) {
			metav1.SetMetaDataLabel(&o.ObjectMeta, "x", strconv.Itoa(c.version))
		})
	case what == "delete":
		delete(c.claims, name)
		c.version++
		c.events[KindClaim] = append(c.events[KindClaim], func(cache *Cache) error {
			cache.Delete(KindClaim, Key{"default", name})
			return nil
		})
		if claim.made {
			c.free[claim.zone] += requestOf(claim.object)
			c.deleted = true
		}
	case claim.zone == "":
		claim.zone = zone
		c.update(name, func(o *corev1.PersistentVolumeClaim) {
			metav1.SetMetaDataAnnotation(&o.ObjectMeta, "volume.kubernetes.io/selected-node", "node-"+zone)
		})
	case !claim.made && what == "fail":
		claim.zone = ""
		c.update(name, func(o *corev1.PersistentVolumeClaim) { delete(o.Annotations, "volume.kubernetes.io/selected-node") })
	case !claim.made:
		c.make(claim)
	case claim.object.Spec.VolumeName == "":
		c.update(name, func(o *corev1.PersistentVolumeClaim) { o.Spec.VolumeName = "volume-of-" + string(o.UID) })
	default:
		c.writePod(name, "node-"+claim.zone)
	}
}

// make has the driver make the claim's volume, and the provisioner write it.
func (c *cluster) make(claim *simClaim) {
	claim.made = true
	c.free[claim.zone] -= requestOf(claim.object)
	volume := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "volume-of-" + string(claim.object.UID)}}
	volume.Spec.ClaimRef = &corev1.ObjectReference{Namespace: "default", Name: claim.object.Name, UID: claim.object.UID}
	c.stamp(&volume.ObjectMeta)
	c.write(KindVolume, volume)
}

// writePod writes the pod for which there is the claim: it waits, or has the node.
func (c *cluster) writePod(claim, node string) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "pod-of-" + claim, UID: c.claims[claim].object.UID}}
	pod.Spec.NodeName = node
	pod.Spec.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim},
	}}}
	c.stamp(&pod.ObjectMeta)
	c.write(KindPod, pod)
}

func delayedClass(name string) *storagev1.StorageClass {
	return &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Provisioner: "zonal.csi.example.com",
		VolumeBindingMode: new(storagev1.VolumeBindingWaitForFirstConsumer),
	}
}

func requestOf(c *corev1.PersistentVolumeClaim) int64 {
	return c.Spec.Resources.Requests.Storage().Value()
}

// deliver brings some events to the cache; the same one may come twice.
func (c *cluster) deliver(t *rapid.T, cache *Cache, kind Kind, n int) {
	for range min(n, len(c.events[kind])) {
		event := c.events[kind][0]
		c.events[kind] = c.events[kind][1:]
		for range rapid.SampledFrom([]int{1, 1, 1, 2}).Draw(t, "times") {
			if err := event(cache); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// room is what the cache thinks is left in a zone.
func room(s *Snapshot, zone string) int64 {
	pool, _ := s.pools.Get(Key{"driver", zone})
	left := pool.Capacity
	for r := range s.Reservations("zonal") {
		if r.Node == "node-"+zone {
			left -= r.Bytes
		}
	}
	return left
}

// TestReservationsAreWhatTheClaimsJustify runs a cluster and a cache that lags behind it, by kind, and holds the cache to
// what was promised of reservations after any sequence of events.
func TestReservationsAreWhatTheClaimsJustify(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(0, 0)
		cache := New(Options{NodeDelay: -1, Now: func() time.Time { return now }})
		for _, zone := range []string{"a", "b"} {
			if err := cache.Upsert(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-" + zone, Labels: map[string]string{"zone": zone}}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := cache.Upsert(delayedClass("zonal")); err != nil {
			t.Fatal(err)
		}
		cache.Flush()
		// justified are the claims in flight of which the cache has known the pod at the time.
		justified := map[string]bool{}
		real := newCluster(map[string]int64{"a": 1000, "b": 1000})
		real.deliver(t, cache, KindPool, 2)
		for range rapid.IntRange(1, 150).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "happens") {
				real.step(t)
			} else {
				real.deliver(t, cache, rapid.SampledFrom([]Kind{KindClaim, KindPool, KindVolume, KindPod}).Draw(t, "kind"), rapid.IntRange(1, 4).Draw(t, "n"))
			}
			// In flight is exactly what the claims say that have, or had, a pod.
			want, got := map[Key]string{}, map[Key]string{}
			s := cache.Snapshot()
			for key, claim := range s.claims.All() {
				if claim.SelectedNode == "" || claim.VolumeName != "" {
					continue
				}
				flight := fmt.Sprint(claim.UID, claim.SelectedNode, claim.ResourceVersion, claim.Request)
				for pod := range s.Users(key) {
					justified[flight] = justified[flight] || pod.Node == "" || pod.Node == claim.SelectedNode
				}
				if r := s.Reservation("zonal", key); r != nil && justified[fmt.Sprint(claim.UID, r.Node, r.selected, r.Bytes)] {
					justified[flight] = true
				}
				if justified[flight] {
					want[key] = fmt.Sprint(claim.UID, claim.SelectedNode, claim.Request)
				}
			}
			for r := range s.AllReservations() {
				claim, _ := s.claims.Get(r.Claim)
				switch {
				case claim == nil || claim.UID != r.UID:
					t.Fatalf("%s has a reservation and is not there", r.Claim)
				case r.Provisioned && (claim.VolumeName == "" || s.Volume(claim.VolumeName) == nil || r.Uncertain):
					t.Fatalf("%s has a reservation for a volume that it does not have", r.Claim)
				case r.Uncertain && (claim.VolumeName == "" || s.Volume(claim.VolumeName) != nil):
					t.Fatalf("the reservation of %s is uncertain, and its volume is seen or not named", r.Claim)
				case !r.Provisioned && !r.Uncertain:
					got[r.Claim] = fmt.Sprint(r.UID, r.Node, r.Bytes)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("in flight (-claims +reserved):\n%s", diff)
			}
		}
		// Once all was heard, the cache never thinks that there is more room than there is, published or not.
		for _, kind := range []Kind{KindPod, KindClaim, KindVolume, KindPool} {
			real.deliver(t, cache, kind, len(real.events[kind]))
		}
		for zone, free := range real.free {
			for _, claim := range real.claims {
				if claim.zone == zone && !claim.made {
					free -= requestOf(claim.object)
				}
			}
			if got := room(cache.Snapshot(), zone); got > free && !real.deleted {
				t.Fatalf("zone %s: %d left, and the cache says %d", zone, free, got)
			}
		}
		// Nothing leaks: with every volume bound, only drivers that hide what they provision could hold a reservation open,
		// and time ends that.
		for name, claim := range real.claims {
			if claim.zone != "" && claim.object.Spec.VolumeName == "" {
				if !claim.made {
					real.make(claim)
				}
				real.update(name, func(o *corev1.PersistentVolumeClaim) { o.Spec.VolumeName = "volume-of-" + string(o.UID) })
			}
		}
		for zone := range real.free {
			real.publish(zone)
			real.free[zone] -= 500
			real.ask(zone)
			real.publish(zone)
		}
		for _, kind := range []Kind{KindPool, KindVolume, KindClaim, KindPod} {
			real.deliver(t, cache, kind, len(real.events[kind]))
		}
		if left := slices.Collect(cache.Snapshot().AllReservations()); len(left) > 0 {
			t.Fatalf("everything is bound and published, and %d reservations are left, of %v", len(left), left[0])
		}
	})
}
