// SPDX-License-Identifier: Apache-2.0

package extender_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	extenderv1 "k8s.io/kube-scheduler/extender/v1"

	"github.com/moorage-k8s/moorage/extender"
	"github.com/moorage-k8s/moorage/extender/budget"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// looking is an extender in a bubble of synctest, called without a network.
type looking struct {
	handler  http.Handler
	registry *prometheus.Registry
	body     []byte
}

// newLooking asks about a pod with two claims of 6 Gi on node b, whose pool has 10 Gi.
func newLooking(t *testing.T, c *topology.Cache) *looking {
	t.Helper()
	engine, err := placement.NewEngine(placement.Config{})
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"b"}
	body, err := json.Marshal(extenderv1.ExtenderArgs{Pod: pod("x", "y"), NodeNames: &names})
	if err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	return &looking{registry: registry, body: body, handler: extender.New(extender.Options{
		Snapshot: c.Snapshot, Changed: c.Changed, Missing: func() []topology.Kind { return nil }, Engine: engine,
		SecondLook: budget.SecondLook, Registry: registry, Logger: logr.Discard(),
	})}
}

// filter returns the nodes that are left and how long the answer took.
func (l *looking) filter(t *testing.T) (left []string, took time.Duration) {
	t.Helper()
	start := time.Now()
	answer := httptest.NewRecorder()
	l.handler.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/filter", bytes.NewReader(l.body)))
	var result extenderv1.ExtenderFilterResult
	if err := json.Unmarshal(answer.Body.Bytes(), &result); err != nil || result.NodeNames == nil {
		t.Fatalf("answer %s: %v", answer.Body, err)
	}
	return *result.NodeNames, time.Since(start)
}

func (l *looking) counted(t *testing.T, outcome string) float64 {
	t.Helper()
	families, err := l.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "moorage_extender_second_looks_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			if m.GetLabel()[0].GetValue() == outcome {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

// enlarge gives the pool of zone b room for both claims.
func enlarge(t *testing.T, c *topology.Cache) {
	t.Helper()
	capacity := resource.MustParse("13Gi")
	err := c.Upsert(&storagev1.CSIStorageCapacity{
		ObjectMeta: metav1.ObjectMeta{Name: "b", Namespace: "kube-system"}, StorageClassName: "zonal", Capacity: &capacity,
		NodeTopology: &metav1.LabelSelector{MatchLabels: map[string]string{"zone": "b"}},
	})
	if err != nil {
		t.Error(err)
	}
	c.Flush()
}

// kube-scheduler has heard of a new capacity and asks before moorage has heard of it: no other event would wake the pod.
func TestFilterHearsOfWhatWokeThePodALittleLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cluster(t, "x", "y")
		l := newLooking(t, c)
		time.AfterFunc(7*time.Millisecond, func() { enlarge(t, c) })
		left, took := l.filter(t)
		if diff := cmp.Diff([]string{"b"}, left); diff != "" {
			t.Errorf("nodes left (-want +got):\n%s", diff)
		}
		if took > 10*time.Millisecond {
			t.Errorf("the answer took %s, want it as soon as the pod fits", took)
		}
		if got := l.counted(t, "fits"); got != 1 {
			t.Errorf("%g looks were counted as a success, want 1", got)
		}
		// A node rejected and then accepted is not counted as rejected.
		want := fmt.Sprintf(`
# HELP moorage_extender_nodes_total %s
# TYPE moorage_extender_nodes_total counter
moorage_extender_nodes_total{verdict="passed"} 1
moorage_extender_nodes_total{verdict="unknown"} 0
`, "Nodes judged by filter: passed, rejected, or passed because the cache does not know them.")
		if err := testutil.GatherAndCompare(l.registry, bytes.NewBufferString(want), "moorage_extender_nodes_total"); err != nil {
			t.Error(err)
		}
	})
}

// With many pods that fit nowhere, kube-scheduler must not spend its time waiting for second looks.
func TestSecondLooksTakeATenthOfTheTimeAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLooking(t, cluster(t, "x", "y"))
		start, waited := time.Now(), time.Duration(0)
		const calls = 4000
		for range calls {
			left, took := l.filter(t)
			if len(left) > 0 {
				t.Fatalf("the pod fits %v", left)
			}
			waited += took
			time.Sleep(5 * time.Millisecond) //nolint:forbidigo // time passes in a bubble, at once
		}
		saved := 20 * budget.SecondLook
		if all := time.Since(start); waited < budget.SecondLook || waited > all/10+saved+budget.SecondLook {
			t.Errorf("of %s the scheduler waited %s, want a tenth of it at most", all, waited)
		}
		if refused, skipped := l.counted(t, "refused"), l.counted(t, "skipped"); refused == 0 || skipped == 0 || refused+skipped != calls {
			t.Errorf("%g looks were refused and %g skipped, want all %d in either", refused, skipped, calls)
		}
	})
}
