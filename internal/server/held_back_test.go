// SPDX-License-Identifier: Apache-2.0

package server

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/util/flowcontrol"

	"github.com/moorage-k8s/moorage/extender/heldback"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// clusterOfOnePool has two nodes, one of them with room for one claim of each pod, but not for both.
func clusterOfOnePool(t *testing.T, room string, pods int) *topology.Cache {
	t.Helper()
	cache := topology.New(topology.Options{NodeDelay: -1})
	delayed, capacity := storagev1.VolumeBindingWaitForFirstConsumer, resource.MustParse(room)
	yes, class := true, "local"
	put := func(objects map[topology.Kind][]metav1.Object) {
		for _, kind := range topology.AllKinds {
			if err := cache.Replace(kind, objects[kind]); err != nil {
				t.Fatal(err)
			}
		}
	}
	objects := map[topology.Kind][]metav1.Object{
		topology.KindNode:   {&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n1", Labels: map[string]string{"node": "n1"}}}},
		topology.KindDriver: {&storagev1.CSIDriver{ObjectMeta: metav1.ObjectMeta{Name: "d"}, Spec: storagev1.CSIDriverSpec{StorageCapacity: &yes}}},
		topology.KindClass:  {&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: class}, Provisioner: "d", VolumeBindingMode: &delayed}},
		topology.KindPool: {&storagev1.CSIStorageCapacity{
			ObjectMeta: metav1.ObjectMeta{Namespace: "d", Name: "p"}, StorageClassName: class, Capacity: &capacity,
			NodeTopology: &metav1.LabelSelector{MatchLabels: map[string]string{"node": "n1"}},
		}},
	}
	for i := range pods {
		name := fmt.Sprintf("db-%d", i)
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "prod", Name: name, UID: types.UID("uid-" + name)}}
		for _, volume := range []string{"data", "logs"} {
			claim := name + "-" + volume
			pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: volume, VolumeSource: corev1.VolumeSource{
				PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim},
			}})
			objects[topology.KindClaim] = append(objects[topology.KindClaim], &corev1.PersistentVolumeClaim{
				ObjectMeta: metav1.ObjectMeta{Namespace: "prod", Name: claim},
				Spec: corev1.PersistentVolumeClaimSpec{StorageClassName: &class, Resources: corev1.VolumeResourceRequirements{
					Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("6Gi")},
				}},
			})
		}
		objects[topology.KindPod] = append(objects[topology.KindPod], pod)
	}
	put(objects)
	return cache
}

// An event is written of a pod that moorage alone has held back for two minutes, once in half an hour, and for few pods at a time; none of one that fits by now, or
// is gone.
func TestTell(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	now := start
	engine, err := placement.NewEngine(placement.Config{})
	if err != nil {
		t.Fatal(err)
	}
	cache := clusterOfOnePool(t, "10Gi", 30)
	client := fake.NewClientset()
	tell := &teller{
		client: client, held: heldback.New(), engine: engine, snapshot: cache.Snapshot, logger: logr.Discard(), now: func() time.Time { return now },
		limit: flowcontrol.NewTokenBucketPassiveRateLimiter(1e-9, tellBurst), host: "h",
	}
	refused := func(name string) {
		tell.held.Refused(heldback.Pod{
			UID: "uid-" + name, Namespace: "prod", Name: name, Last: now, Nodes: []string{"n1"}, Of: 1,
			Reasons: []heldback.Reason{{Predicate: "JointCapacity", Text: placement.ReasonJointCapacity.String(), Nodes: 1}},
		})
	}
	written := func() []corev1.Event {
		list, err := client.CoreV1().Events("prod").List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return list.Items
	}
	refused("db-0")
	refused("gone")
	now = now.Add(119 * time.Second)
	tell.tell(t.Context())
	if n := len(written()); n != 0 {
		t.Fatalf("%d events within two minutes", n)
	}
	now = now.Add(time.Second)
	tell.tell(t.Context())
	tell.tell(t.Context())
	events := written()
	if len(events) != 1 {
		t.Fatalf("%d events, want one: %+v", len(events), events)
	}
	e := &events[0]
	if e.InvolvedObject.UID != "uid-db-0" || e.Reason != "HeldBackByMoorage" || e.Type != "Warning" ||
		!strings.HasPrefix(e.Message, "moorage alone has held this pod back for 2m0s: 1 node(s) did not have enough free storage for all claims of the pod together (JointCapacity). ") ||
		!strings.HasSuffix(e.Message, "'moorage explain pod db-0 -n prod --autoscaler' tells more") {
		t.Errorf("got %+v", e)
	}
	if err := client.CoreV1().Events("prod").Delete(t.Context(), e.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}

	// One that fits by now.
	tell.snapshot = clusterOfOnePool(t, "100Gi", 30).Snapshot
	refused("db-1")
	now = now.Add(2 * time.Minute)
	tell.tell(t.Context())
	if n := len(written()); n != 0 {
		t.Errorf("%d events of a pod that fits", n)
	}

	// Many at once.
	tell.snapshot = cache.Snapshot
	for i := 1; i < 30; i++ {
		refused(fmt.Sprintf("db-%d", i))
	}
	now = now.Add(2 * time.Minute)
	for range 5 {
		tell.tell(t.Context())
	}
	for _, action := range client.Actions() {
		if action.GetVerb() == "create" && action.GetResource().Resource != "events" {
			t.Errorf("it writes %v", action)
		}
	}
	created := 0
	for _, action := range client.Actions() {
		if action.GetVerb() == "create" {
			created++
		}
	}
	if created > tellBurst {
		t.Errorf("%d events were written at once, want %d at most", created, tellBurst)
	}
}
