// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestTenantsChooseNoLabels: whatever classes claims name, the metric has a series for each that exists and one for all others.
func TestTenantsChooseNoLabels(t *testing.T) {
	c := New(Options{NodeDelay: -1})
	put := func(o metav1.Object) {
		t.Helper()
		if err := c.Upsert(o); err != nil {
			t.Fatal(err)
		}
	}
	delayed := storagev1.VolumeBindingWaitForFirstConsumer
	for _, name := range []string{"real", "also-\xff-real", "also-\xfe-real"} {
		put(&storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Provisioner: "d", VolumeBindingMode: &delayed})
	}
	put(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n1"}})
	classes := []string{"real", "also-\xff-real", "also-\xfe-real", "\xff\xfe", strings.Repeat("y", 100_000)}
	for i := range 500 {
		classes = append(classes, fmt.Sprintf("x%d", i))
	}
	room := resource.MustParse("1Ti")
	for i, class := range classes {
		put(&storagev1.CSIStorageCapacity{
			ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: fmt.Sprintf("pool-%d", i)}, StorageClassName: class, Capacity: &room,
			NodeTopology: &metav1.LabelSelector{},
		})
		put(&corev1.PersistentVolumeClaim{
			ObjectMeta: metav1.ObjectMeta{Namespace: "tenant", Name: fmt.Sprintf("c%d", i), Annotations: map[string]string{
				"volume.beta.kubernetes.io/storage-class": class, "volume.kubernetes.io/selected-node": "n1",
			}},
			Spec: corev1.PersistentVolumeClaimSpec{Resources: corev1.VolumeResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")},
			}},
		})
	}
	c.Flush()
	// However a reservation came about, its class is a label only if it exists.
	s := *c.Snapshot()
	for i, class := range classes {
		of, _ := s.reservations.Get(Key{Name: class})
		s.reservations = s.reservations.Set(Key{Name: class}, of.Set(Key{"tenant", fmt.Sprintf("c%d", i)}, &Reservation{Bytes: 1 << 30}))
	}
	c.published.Store(&s)
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(c)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		if f.GetName() != "moorage_reserved_bytes" {
			continue
		}
		for _, m := range f.GetMetric() {
			got[m.GetLabel()[0].GetValue()] = m.GetGauge().GetValue()
		}
	}
	want := map[string]float64{"real": 1 << 30, "also-\uFFFD-real": 2 << 30, "unknown": 502 << 30}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
}
