// SPDX-License-Identifier: Apache-2.0

package extender_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/extender"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
	"github.com/moorage-k8s/moorage/topology/synthetic"
)

// gatheredFrom returns the registry of an extender on the cache.
func gatheredFrom(tb testing.TB, c *topology.Cache, missing func() []topology.Kind) *prometheus.Registry {
	tb.Helper()
	engine, err := placement.NewEngine(placement.Config{})
	if err != nil {
		tb.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	extender.New(extender.Options{Snapshot: c.Snapshot, Missing: missing, Engine: engine, Registry: registry, Logger: logr.Discard()})
	return registry
}

func nothingMissing() []topology.Kind { return nil }

// An operator who is paged for a stranded claim finds a pod that has fitted nowhere for five minutes: not one that fits, not one that has only just
// come, not one that is gone or has its node, and nothing at all while the cluster is not known in full.
func TestStrandedClaims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cluster(t, "x", "y", "z")
		put := func(o metav1.Object) {
			t.Helper()
			if err := c.Upsert(o); err != nil {
				t.Fatal(err)
			}
		}
		pending := func(name, node string, claims ...string) {
			t.Helper()
			p := pod(claims...)
			p.Name, p.Spec.NodeName = name, node
			put(p)
		}
		class, huge := "zonal", resource.MustParse("1Ti")
		for _, name := range []string{"huge", "huge-too"} {
			put(&corev1.PersistentVolumeClaim{
				ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default"},
				Spec: corev1.PersistentVolumeClaimSpec{StorageClassName: &class, Resources: corev1.VolumeResourceRequirements{
					Requests: corev1.ResourceList{corev1.ResourceStorage: huge},
				}},
			})
		}
		pending("fits", "", "x", "y")
		pending("runs", "a", "huge-too")
		pending("too-large", "", "z", "huge")
		pending("too-large-as-well", "", "huge")
		pending("names-what-is-not-there", "", "none")

		missing := []topology.Kind{topology.KindPool}
		registry := gatheredFrom(t, c, func() []topology.Kind { return missing })
		look := func(when string, want map[string]float64) {
			t.Helper()
			if diff := cmp.Diff(want, strandedBy(t, registry)); diff != "" {
				t.Errorf("%s, claims by cause (-want +got)\n%s", when, diff)
			}
		}
		look("while the cluster is not known", map[string]float64{})
		time.Sleep(time.Hour) //nolint:forbidigo // the bubble's clock
		missing = nil
		look("at the first look", map[string]float64{})
		time.Sleep(5*time.Minute - time.Second) //nolint:forbidigo // the bubble's clock
		look("shortly before five minutes are over", map[string]float64{})
		pending("late", "", "none-either")
		time.Sleep(time.Second) //nolint:forbidigo // the bubble's clock
		stuck := map[string]float64{placement.PoolCapacity: 2, string(placement.CauseClaimMissing): 1}
		look("after five minutes", stuck)

		c.Delete(topology.KindPod, topology.Key{Namespace: "default", Name: "names-what-is-not-there"})
		delete(stuck, string(placement.CauseClaimMissing))
		look("once a pod is gone", stuck)

		larger := resource.MustParse("2Ti")
		put(&storagev1.CSIStorageCapacity{
			ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "kube-system"}, StorageClassName: class, Capacity: &larger,
			NodeTopology: &metav1.LabelSelector{MatchLabels: map[string]string{"zone": "a"}},
		})
		look("once there is room", map[string]float64{})
	})
}

// Two volumes in different zones strand a pod although each of them could be used: one predicate rules out all nodes between them.
func TestStrandedClaimsOfVolumesApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cluster(t)
		for _, zone := range []string{"a", "b"} {
			for _, o := range []metav1.Object{
				&corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "pv-" + zone}, Spec: corev1.PersistentVolumeSpec{
					NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
						MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "zone", Operator: corev1.NodeSelectorOpIn, Values: []string{zone}}},
					}}}},
				}},
				&corev1.PersistentVolumeClaim{
					ObjectMeta: metav1.ObjectMeta{
						Name: "claim-" + zone, Namespace: "default", Annotations: map[string]string{"pv.kubernetes.io/bind-completed": "yes"},
					},
					Spec: corev1.PersistentVolumeClaimSpec{VolumeName: "pv-" + zone},
				},
			} {
				if err := c.Upsert(o); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := c.Upsert(pod("claim-a", "claim-b")); err != nil {
			t.Fatal(err)
		}
		registry := gatheredFrom(t, c, nothingMissing)
		strandedBy(t, registry)
		time.Sleep(5 * time.Minute) //nolint:forbidigo // the bubble's clock
		if diff := cmp.Diff(map[string]float64{placement.VolumeAffinity: 2}, strandedBy(t, registry)); diff != "" {
			t.Errorf("claims by cause (-want +got)\n%s", diff)
		}
	})
}

// With more pods than one look asks about, those that have fitted nowhere for long are not crowded out by those that have just come.
func TestStrandedClaimsOfManyPods(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const asked = 256
		c := cluster(t)
		registry := gatheredFrom(t, c, nothingMissing)
		come := func(name string, pods int) {
			t.Helper()
			for i := range pods {
				p := pod(fmt.Sprintf("of-%s-%d", name, i))
				p.Name = fmt.Sprintf("%s-%d", name, i)
				if err := c.Upsert(p); err != nil {
					t.Fatal(err)
				}
			}
		}
		come("early", asked)
		strandedBy(t, registry)
		time.Sleep(5*time.Minute - time.Second) //nolint:forbidigo // the bubble's clock
		come("late", 3*asked)
		strandedBy(t, registry)
		time.Sleep(time.Second) //nolint:forbidigo // the bubble's clock
		if diff := cmp.Diff(map[string]float64{string(placement.CauseClaimMissing): asked}, strandedBy(t, registry)); diff != "" {
			t.Errorf("claims by cause (-want +got)\n%s", diff)
		}
	})
}

// BenchmarkStrandedClaims looks at a cluster of 5,000 nodes and 100,000 pods of which as many as one look asks about fit nowhere: what
// a scrape costs at worst.
func BenchmarkStrandedClaims(b *testing.B) {
	c := synthetic.Cache(synthetic.Size{Nodes: 5000, Volumes: 100_000})
	if err := c.Upsert(synthetic.Claim("huge", synthetic.Zonal, 1<<60)); err != nil {
		b.Fatal(err)
	}
	for i := range 256 {
		if err := c.Upsert(synthetic.PodWithClaims(fmt.Sprintf("waits-%d", i), "", "huge", synthetic.ClaimName(i))); err != nil {
			b.Fatal(err)
		}
	}
	registry := gatheredFrom(b, c, nothingMissing)
	for b.Loop() {
		if _, err := registry.Gather(); err != nil {
			b.Fatal(err)
		}
	}
}

// strandedBy gathers the metric and returns the causes that strand any claims. Every cause has a series.
func strandedBy(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		if f.GetName() != "moorage_stranded_claims" {
			continue
		}
		if want := len(placement.NowhereCauses()) + 1; len(f.GetMetric()) != want {
			t.Errorf("%d series, want one for each of %d causes", len(f.GetMetric()), want)
		}
		for _, m := range f.GetMetric() {
			if n := m.GetGauge().GetValue(); n != 0 {
				got[m.GetLabel()[0].GetValue()] = n
			}
		}
	}
	return got
}
