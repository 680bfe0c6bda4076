// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-logr/logr/testr"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// newForFaults returns an extender on an empty cluster.
func newForFaults(t *testing.T) *Extender {
	t.Helper()
	engine, err := placement.NewEngine(placement.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return New(Options{
		Snapshot: topology.New(topology.Options{}).Snapshot, Missing: func() []topology.Kind { return nil }, Engine: engine,
		Registry: prometheus.NewRegistry(), Logger: testr.New(t),
	})
}

func ask(e http.Handler, path, body string) (status int, answer string) {
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
	return w.Code, strings.TrimSpace(w.Body.String())
}

// TestFaultInReadingThePod: a pod that moorage fails to read passes everywhere, and the fault is counted.
func TestFaultInReadingThePod(t *testing.T) {
	read := podFromAPI
	podFromAPI = func(*corev1.Pod) *topology.Pod { panic("no such luck") }
	defer func() { podFromAPI = read }()
	e := newForFaults(t)
	for i, test := range []struct{ path, body, want string }{
		{
			"/filter", `{"Pod":{"metadata":{"name":"p","namespace":"ns"}},"NodeNames":["a","b"]}`,
			`{"Nodes":null,"NodeNames":["a","b"],"FailedNodes":{},"FailedAndUnresolvableNodes":{},"Error":""}`,
		},
		{
			"/prioritize", `{"Pod":{"metadata":{"name":"p","namespace":"ns"}},"NodeNames":["a","b"]}`,
			`[{"Host":"a","Score":0},{"Host":"b","Score":0}]`,
		},
		{
			"/preempt", `{"Pod":{"metadata":{"name":"p","namespace":"ns"}},"NodeNameToMetaVictims":{"a":{"Pods":[{"UID":"u"}],"NumPDBViolations":0}}}`,
			`{"NodeNameToMetaVictims":{"a":{"Pods":[{"UID":"u"}],"NumPDBViolations":0}}}`,
		},
	} {
		status, answer := ask(e, test.path, test.body)
		if diff := cmp.Diff(test.want, answer); status != http.StatusOK || diff != "" {
			t.Errorf("%s: status %d, answer (-want +got):\n%s", test.path, status, diff)
		}
		if got := testutil.ToFloat64(e.metrics.panics); got != float64(i+1) {
			t.Errorf("%s: %v faults counted, want %d", test.path, got, i+1)
		}
	}
}

// TestFaultOutsideTheEngine is answered, not left to a closed connection, and counted.
func TestFaultOutsideTheEngine(t *testing.T) {
	e := newForFaults(t)
	e.options.Missing = func() []topology.Kind { panic("no such luck") }
	status, answer := ask(e, "/filter", `{"Pod":{},"NodeNames":["a"]}`)
	if want := `{"Error":"a fault in moorage; its log says more"}`; status != http.StatusInternalServerError || answer != want {
		t.Errorf("status %d, answer %s; want 500 with %s", status, answer, want)
	}
	if got := testutil.ToFloat64(e.metrics.panics); got != 1 {
		t.Errorf("%v faults counted, want 1", got)
	}
}

// TestPodWithTwoSources passes; asked often, as the library that translates volumes goes through its plugins in random order.
func TestPodWithTwoSources(t *testing.T) {
	e := newForFaults(t)
	for range 64 {
		status, answer := ask(e, "/filter", `{"Pod":{"metadata":{"name":"p","namespace":"ns"},"spec":{"volumes":[{"name":"v",
			"awsElasticBlockStore":{"volumeID":"vol-1"},"vsphereVolume":{"volumePath":"[ds] a.vmdk","storagePolicyName":"gold"}}]}},"NodeNames":["a"]}`)
		if status != http.StatusOK || !strings.Contains(answer, `"NodeNames":["a"]`) {
			t.Fatalf("status %d, answer %s", status, answer)
		}
	}
	if got := testutil.ToFloat64(e.metrics.panics); got != 0 {
		t.Errorf("%v faults counted, want none", got)
	}
}
