// SPDX-License-Identifier: Apache-2.0

package extender_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
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
	"k8s.io/apimachinery/pkg/types"
	extenderv1 "k8s.io/kube-scheduler/extender/v1"

	"github.com/moorage-k8s/moorage/extender"
	"github.com/moorage-k8s/moorage/extender/budget"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// burst is a cluster whose pool b has room for one of two pods, in a bubble of synctest.
type burst struct {
	t        *testing.T
	cache    *topology.Cache
	handler  http.Handler
	registry *prometheus.Registry
}

func newBurst(t *testing.T) *burst {
	t.Helper()
	return newBurstWith(t, placement.Config{})
}

func newBurstWith(t *testing.T, config placement.Config) *burst {
	t.Helper()
	engine, err := placement.NewEngine(config)
	if err != nil {
		t.Fatal(err)
	}
	b := &burst{t: t, cache: cluster(t, "x", "y"), registry: prometheus.NewRegistry()}
	b.handler = extender.New(extender.Options{
		Snapshot: b.cache.Snapshot, Changed: b.cache.Changed, Missing: func() []topology.Kind { return nil }, Engine: engine,
		PlacementWait: budget.PlacementWait, Registry: b.registry, Logger: logr.Discard(),
	})
	b.upsert(b.pod("x"))
	b.upsert(b.pod("y"))
	return b
}

// pod is a pod that is named after its one claim.
func (b *burst) pod(claim string) *corev1.Pod {
	p := pod(claim)
	p.Name, p.UID = claim, types.UID(claim)
	return p
}

func (b *burst) upsert(o metav1.Object) {
	b.t.Helper()
	if err := b.cache.Upsert(o); err != nil {
		b.t.Error(err)
	}
}

// filter asks about the pod and returns the nodes left, and how long the answer took.
func (b *burst) filter(pod *corev1.Pod, nodes ...string) (left []string, took time.Duration) {
	b.t.Helper()
	body, err := json.Marshal(extenderv1.ExtenderArgs{Pod: pod, NodeNames: &nodes})
	if err != nil {
		b.t.Fatal(err)
	}
	start, answer := time.Now(), httptest.NewRecorder()
	b.handler.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/filter", bytes.NewReader(body)))
	var result extenderv1.ExtenderFilterResult
	if err := json.Unmarshal(answer.Body.Bytes(), &result); err != nil || result.NodeNames == nil {
		b.t.Fatalf("answer %s: %v", answer.Body, err)
	}
	return *result.NodeNames, time.Since(start)
}

func (b *burst) expect(claim string, took time.Duration, want []string, nodes ...string) {
	b.t.Helper()
	b.expectPod(b.pod(claim), took, want, nodes...)
}

func (b *burst) expectPod(pod *corev1.Pod, took time.Duration, want []string, nodes ...string) {
	b.t.Helper()
	left, after := b.filter(pod, nodes...)
	if diff := cmp.Diff(want, left); diff != "" {
		b.t.Errorf("nodes left for %s (-want +got):\n%s", pod.Name, diff)
	}
	if after != took {
		b.t.Errorf("the answer for %s took %s, want %s", pod.Name, after, took)
	}
}

// selected is the claim as kube-scheduler writes it once it has placed the pod.
func selected(claim, node string) *corev1.PersistentVolumeClaim {
	class := "zonal"
	c := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: claim, Namespace: "default"}}
	c.Spec.StorageClassName = &class
	c.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("6Gi")}
	if node != "" {
		c.Annotations = map[string]string{"volume.kubernetes.io/selected-node": node}
	}
	return c
}

// waits returns how many waits ended so.
func (b *burst) waits(result string) uint64 {
	b.t.Helper()
	families, err := b.registry.Gather()
	if err != nil {
		b.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "moorage_extender_placement_wait_seconds" && m.GetLabel()[0].GetValue() == result {
				return m.GetHistogram().GetSampleCount()
			}
		}
	}
	return 0
}

const ms = time.Millisecond

// Room for one of two pods that arrive at once: the second waits until the first one's claim names its node, and is then
// rejected for the sake of that object.
func TestTheSecondPodWaitsToSeeWhereTheFirstWent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBurst(t)
		b.expect("x", 0, []string{"b"}, "b")
		time.AfterFunc(20*ms, func() { b.upsert(selected("x", "b")) })
		b.expect("y", 20*ms, []string{}, "b")
		if b.waits("seen") != 1 {
			t.Error("the wait was not counted")
		}
	})
}

func TestTheSecondPodFitsWhenTheFirstWentElsewhere(t *testing.T) {
	for name, event := range map[string]func(*burst){
		"to another pool": func(b *burst) { b.upsert(selected("x", "a")) },
		"out of the cluster": func(b *burst) {
			b.cache.Delete(topology.KindPod, topology.Key{Namespace: "default", Name: "x"})
		},
		"and its claim with it": func(b *burst) {
			b.cache.Delete(topology.KindClaim, topology.Key{Namespace: "default", Name: "x"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBurst(t)
				b.expect("x", 0, []string{"a", "b"}, "a", "b")
				time.AfterFunc(20*ms, func() { event(b) })
				b.expect("y", 20*ms, []string{"b"}, "b")
			})
		})
	}
}

// Whatever the first pod takes, there is a node left: nobody waits, and the node that both may want is left out.
func TestNobodyWaitsWhileAnotherNodeIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBurst(t)
		b.expect("x", 0, []string{"a", "b"}, "a", "b")
		b.expect("y", 0, []string{"a"}, "a", "b")
	})
}

// The first pod was never placed. In doubt the second passes, and the scheduler is held up once only.
func TestAWaitInVainIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBurst(t)
		b.expect("x", 0, []string{"b"}, "b")
		b.expect("y", budget.PlacementWait, []string{"b"}, "b")
		if b.waits("timed-out") != 1 {
			t.Error("the wait was not counted")
		}
		b.upsert(selected("y", "a"))
		b.upsert(selected("y", ""))
		b.expect("y", 0, []string{"b"}, "b")
	})
}

// Room for two of four pods, of which nothing is seen for a while, as on a machine that is short of CPU. The third gets the first one's room, in
// doubt; the second one's is still taken, so that one late answer does not open the pool to everybody.
func TestAWaitInVainGivesNoMoreAwayThanItHasTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBurst(t)
		capacity := resource.MustParse("13Gi")
		b.upsert(&storagev1.CSIStorageCapacity{
			ObjectMeta:       metav1.ObjectMeta{Name: "b", Namespace: "kube-system"},
			StorageClassName: "zonal", Capacity: &capacity,
			NodeTopology: &metav1.LabelSelector{MatchLabels: map[string]string{"zone": "b"}},
		})
		for _, name := range []string{"z", "w"} {
			b.upsert(selected(name, ""))
			b.upsert(b.pod(name))
		}
		b.expect("x", 0, []string{"b"}, "b")
		b.expect("y", 0, []string{"b"}, "b")
		b.expect("z", budget.PlacementWait, []string{"b"}, "b")
		time.AfterFunc(20*ms, func() {
			b.upsert(selected("y", "b"))
			b.upsert(selected("z", "b"))
		})
		b.expect("w", 20*ms, []string{}, "b")
	})
}

// A pod that is asked about again was not placed, and does not stand in its own way.
func TestAPodDoesNotWaitForItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBurst(t)
		b.expect("x", 0, []string{"b"}, "b")
		b.expect("x", 0, []string{"b"}, "b")
	})
}

// Two pods of one ReadWriteOnce volume are created at once: the second waits until the first is seen on its node, which is
// then the only one where the volume can be.
func TestTheSecondPodOfAVolumeWaitsToSeeWhereTheFirstWent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBurst(t)
		for _, name := range []string{"a", "b"} {
			b.upsert(&corev1.Node{
				ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"zone": name}},
				Status:     corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}},
			})
		}
		b.cache.Flush()
		b.upsert(&corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "v"}, Spec: corev1.PersistentVolumeSpec{
			AccessModes:            []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			PersistentVolumeSource: corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{Driver: "d", VolumeHandle: "v"}},
		}})
		claim := selected("x", "")
		claim.Annotations = map[string]string{"pv.kubernetes.io/bind-completed": "yes"}
		claim.Spec.VolumeName = "v"
		b.upsert(claim)
		first, second := b.pod("x"), b.pod("x")
		first.Name, second.Name = "first", "second"
		b.upsert(first)
		b.upsert(second)

		b.expectPod(first, 0, []string{"a", "b"}, "a", "b")
		time.AfterFunc(20*ms, func() {
			placed := first.DeepCopy()
			placed.Spec.NodeName = "a"
			b.upsert(placed)
		})
		b.expectPod(second, 20*ms, []string{"a"}, "a", "b")
	})
}
