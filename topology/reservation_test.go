// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// boundClaim is a claim that node-a was selected for and whose volume was made, with the volume and the pool, which was
// published at resource version 10.
func boundClaim(claimVersion, volumeVersion string, created time.Time) []metav1.Object {
	class, capacity := "zonal", resource.MustParse("10")
	request := corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("4")}
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-a", Labels: map[string]string{"zone": "a"}}}
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{
		Namespace: "default", Name: "data", UID: "1", ResourceVersion: claimVersion,
		Annotations: map[string]string{"volume.kubernetes.io/selected-node": "node-a"},
	}}
	claim.Spec.StorageClassName, claim.Spec.VolumeName, claim.Spec.Resources.Requests = &class, "volume", request
	volume := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{
		Name: "volume", ResourceVersion: volumeVersion, CreationTimestamp: metav1.NewTime(created),
	}}
	volume.Spec.ClaimRef = &corev1.ObjectReference{Namespace: "default", Name: "data", UID: "1"}
	pool := &storagev1.CSIStorageCapacity{
		ObjectMeta: metav1.ObjectMeta{Namespace: "driver", Name: "a", ResourceVersion: "10"}, StorageClassName: class,
		Capacity: &capacity, NodeTopology: &metav1.LabelSelector{MatchLabels: map[string]string{"zone": "a"}},
	}
	return []metav1.Object{node, claim, volume, pool}
}

// start gives a new cache the objects as a first list does.
func start(t *testing.T, now func() time.Time, objects []metav1.Object) *Cache {
	t.Helper()
	c := New(Options{NodeDelay: -1, Now: now})
	byKind := map[Kind][]metav1.Object{}
	for _, o := range objects {
		kind, _ := KindOf(o)
		byKind[kind] = append(byKind[kind], o)
	}
	for _, kind := range Kinds {
		if err := c.Replace(kind, byKind[kind]); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// podOf is a pod that waits for a node and uses the claims.
func podOf(claims ...*corev1.PersistentVolumeClaim) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: claims[0].Namespace, Name: "pod-of-" + claims[0].Name}}
	for _, claim := range claims {
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: claim.Name, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim.Name},
		}})
	}
	return pod
}

func TestAfterARestartVolumesThatPoolsMayNotShowYetAreReserved(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	for name, c := range map[string]struct {
		objects []metav1.Object
		want    int
	}{
		"made just now, and the capacity is older":   {boundClaim("12", "11", now.Add(-time.Second)), 1},
		"the capacity is newer than the claim":       {boundClaim("9", "20", now.Add(-time.Second)), 0},
		"the capacity is newer than the volume":      {boundClaim("20", "9", now.Add(-time.Second)), 0},
		"made long ago; the claim was changed since": {boundClaim("12", "11", now.Add(-time.Hour)), 0},
	} {
		t.Run(name, func(t *testing.T) {
			cache := start(t, func() time.Time { return now }, c.objects)
			if got := slices.Collect(cache.Snapshot().AllReservations()); len(got) != c.want {
				t.Errorf("got %d reservations, want %d: %v", len(got), c.want, got)
			}
			// Whether the pool shows them cannot be told.
			if got := slices.Collect(cache.Snapshot().Reservations("zonal")); len(got) != 0 {
				t.Errorf("%d of the reservations are said to be certain", len(got))
			}
		})
	}
}

func TestAReservationThatNothingConfirmsTimesOut(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	cache := start(t, func() time.Time { return now }, boundClaim("12", "11", now))
	reserved := func() int {
		cache.Flush()
		return len(slices.Collect(cache.Snapshot().AllReservations()))
	}
	now = now.Add(DefaultReservationLimit - time.Second)
	if got := reserved(); got != 1 {
		t.Errorf("got %d reservations a second before the limit, want 1", got)
	}
	now = now.Add(2 * time.Second)
	if got := reserved(); got != 0 {
		t.Errorf("got %d reservations a second after the limit, want none", got)
	}
}

func TestFailedProvisioningIsRememberedByPlace(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	objects := boundClaim("5", "5", now)
	// A driver says where its nodes are under its own name, also for a class that names the in-tree plugin before it.
	class := delayedClass("zonal")
	class.Provisioner = "kubernetes.io/aws-ebs"
	csi := func(node string) *storagev1.CSINode {
		return &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: node}, Spec: storagev1.CSINodeSpec{
			Drivers: []storagev1.CSINodeDriver{{Name: "ebs.csi.aws.com", NodeID: node, TopologyKeys: []string{"zone"}}},
		}}
	}
	neighbour := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-a2", Labels: map[string]string{"zone": "a"}}}
	other := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-b", Labels: map[string]string{"zone": "b"}}}
	claim := objects[1].(*corev1.PersistentVolumeClaim)
	claim.Spec.VolumeName = ""
	cache := start(t, func() time.Time { return now }, append(objects, class, csi("node-a"), neighbour, other, podOf(claim)))

	failed := claim.DeepCopy()
	failed.Annotations = nil
	if err := cache.Upsert(failed); err != nil {
		t.Fatal(err)
	}
	s := cache.Snapshot()
	failures := s.ProvisioningFailures("zonal")
	if len(failures) != 1 || !failures[0].At.Equal(now) {
		t.Fatalf("got failures %v, want one at %s", failures, now)
	}
	var nodes []string
	for i := range s.Nodes(failures[0].Segment).All() {
		nodes = append(nodes, s.Node(i).Name)
	}
	if want := []string{"node-a", "node-a2"}; !slices.Equal(nodes, want) {
		t.Errorf("the failure is remembered for %v, want the whole zone: %v", nodes, want)
	}
	if got := slices.Collect(s.AllReservations()); len(got) != 0 {
		t.Errorf("%d reservations are left after the failure", len(got))
	}
}
