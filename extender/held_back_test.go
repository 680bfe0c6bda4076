// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	extenderv1 "k8s.io/kube-scheduler/extender/v1"

	"github.com/moorage-k8s/moorage/extender/heldback"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// A pod counts as held back while every node that kube-scheduler's plugins passed is refused by a predicate that only moorage has: not for a dry run, not where a
// plugin would refuse as well, and no longer once a node is left.
func TestHeldBackByMoorageAlone(t *testing.T) {
	engine, err := placement.NewEngine(placement.Config{})
	if err != nil {
		t.Fatal(err)
	}
	class, delayed := "zonal", storagev1.VolumeBindingWaitForFirstConsumer
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "prod", Name: "db", UID: types.UID("u")},
		Spec: corev1.PodSpec{Volumes: []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "c"},
		}}}},
	}
	cache := topology.New(topology.Options{NodeDelay: -1})
	err = cache.ReplaceAll(map[topology.Kind][]metav1.Object{
		topology.KindNode: {
			&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "with"}}, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "without"}},
		},
		// The driver is on one node: moorage's DriverReady refuses the other.
		topology.KindCSINode: {
			&storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: "with"}, Spec: storagev1.CSINodeSpec{Drivers: []storagev1.CSINodeDriver{{Name: "d"}}}},
			&storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: "without"}},
		},
		topology.KindClass: {&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: class}, Provisioner: "d", VolumeBindingMode: &delayed}},
		topology.KindClaim: {&corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: "prod", Name: "c"}, Spec: corev1.PersistentVolumeClaimSpec{StorageClassName: &class}}},
		topology.KindPod:   {pod},
	})
	if err != nil {
		t.Fatal(err)
	}
	held := heldback.New()
	e := New(Options{
		Snapshot: cache.Snapshot, Changed: cache.Changed, Missing: func() []topology.Kind { return nil }, Engine: engine, Registry: prometheus.NewRegistry(), HeldBack: held,
	})
	for _, step := range []struct {
		name, path string
		nodes      []string
		want       int
	}{
		{"a dry run", "/filter?dry-run=true", []string{"without"}, 0},
		{"a node is left", "/filter", []string{"with", "without"}, 0},
		{"none is left", "/filter", []string{"without"}, 1},
		{"still none", "/filter", []string{"without"}, 1},
		{"one that moorage does not know", "/filter", []string{"without", "new"}, 0},
	} {
		body, err := json.Marshal(extenderv1.ExtenderArgs{Pod: pod, NodeNames: &step.nodes})
		if err != nil {
			t.Fatal(err)
		}
		response := httptest.NewRecorder()
		e.ServeHTTP(response, httptest.NewRequest(http.MethodPost, step.path, bytes.NewReader(body)))
		got := held.Due(time.Now().Add(3 * time.Minute))
		if len(got) != step.want {
			t.Errorf("%s: %+v, want %d", step.name, got, step.want)
		}
		if len(got) == 1 && (len(got[0].Reasons) != 1 || got[0].Reasons[0].Predicate != placement.DriverReady || got[0].Of != 1) {
			t.Errorf("%s: %+v", step.name, got[0])
		}
	}
}
