// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	extenderv1 "k8s.io/kube-scheduler/extender/v1"

	"github.com/moorage-k8s/moorage/extender/decisions"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
	"github.com/moorage-k8s/moorage/topology/synthetic"
)

// What filter and prioritize answered can be read afterwards: how many nodes, which constraint refused them, the best.
func TestDecisionsTellWhatWasAnswered(t *testing.T) {
	engine, err := placement.NewEngine(placement.Config{})
	if err != nil {
		t.Fatal(err)
	}
	cache := synthetic.Cache(synthetic.Size{Nodes: 9, Volumes: 9})
	kept := decisions.New(10)
	e := New(Options{
		Snapshot: cache.Snapshot, Changed: cache.Changed, Missing: func() []topology.Kind { return nil }, Engine: engine,
		Registry: prometheus.NewRegistry(), Decisions: kept,
	})
	ask := func(verb string, pod *corev1.Pod, names ...string) {
		t.Helper()
		body, err := json.Marshal(extenderv1.ExtenderArgs{Pod: pod, NodeNames: &names})
		if err != nil {
			t.Fatal(err)
		}
		response := httptest.NewRecorder()
		if e.ServeHTTP(response, httptest.NewRequest(http.MethodPost, "/"+verb, bytes.NewReader(body))); response.Code != http.StatusOK {
			t.Fatalf("%s: status %d", verb, response.Code)
		}
	}
	pod := synthetic.PodWithClaims("db", "", synthetic.ClaimName(0))
	var names []string
	for i := range 9 {
		names = append(names, synthetic.NodeName(i))
	}
	ask("filter", pod, append(names, "of-yesterday")...)
	ask("prioritize", pod, names[0], names[3])
	ask("filter", synthetic.PodWithClaims("lost", "", "absent"), names[0])

	score := 0
	want := []decisions.Decision{
		{Verb: "prioritize", Pod: "default/db", UID: "pod-db", Asked: 2, Passed: 2, Best: []decisions.Rated{{Node: names[0], Score: &score}, {Node: names[3], Score: &score}}},
		{
			Verb: "filter", Pod: "default/db", UID: "pod-db", Asked: 10, Passed: 4, Unknown: 1,
			Refused: []decisions.Refused{{
				Predicate: placement.VolumeAffinity, Volume: synthetic.ClaimName(0), Reason: placement.ReasonVolumeAffinity.String(), Nodes: 6,
				Names: []string{names[1], names[2], names[4], names[5], names[7]},
			}},
			Best: []decisions.Rated{{Node: names[0]}, {Node: names[3]}, {Node: names[6]}, {Node: "of-yesterday"}},
		},
	}
	var got decisions.List
	response := httptest.NewRecorder()
	kept.ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/debug/decisions?pod=default/db", http.NoBody))
	if err := json.Unmarshal(response.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.Decisions, cmpopts.IgnoreFields(decisions.Decision{}, "Time", "Milliseconds")); diff != "" {
		t.Errorf("decisions about default/db (-want +got):\n%s", diff)
	}
	if lost := kept.About("default/lost"); len(lost) != 1 || len(lost[0].Undecided) != 1 || time.Since(lost[0].Time) > time.Minute {
		t.Errorf("decisions about default/lost: %+v", lost)
	}
	response = httptest.NewRecorder()
	kept.ServeHTTP(response, httptest.NewRequest(http.MethodGet, "/debug/decisions?pod=db", http.NoBody))
	if response.Code != http.StatusBadRequest {
		t.Errorf("a pod without a namespace: status %d", response.Code)
	}
}

// Only the last are kept, the newest first, however many there were.
func TestDecisionsAreBounded(t *testing.T) {
	kept := decisions.New(3)
	for i := range 8 {
		kept.Add(decisions.Decision{Pod: fmt.Sprintf("default/%d", i)})
		var got []string
		for _, d := range kept.About("") {
			got = append(got, d.Pod)
		}
		var want []string
		for k := i; k > i-3 && k >= 0; k-- {
			want = append(want, fmt.Sprintf("default/%d", k))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("after %d decisions (-want +got):\n%s", i+1, diff)
		}
	}
	if decisions.New(0) != nil {
		t.Error("a log of no decisions keeps some")
	}
}

// BenchmarkFilterWithDecisions holds filter with a log of decisions against filter without, in turns. The metric is what
// the log adds to the time.
func BenchmarkFilterWithDecisions(b *testing.B) {
	const nodes = 5000
	cache := synthetic.Cache(synthetic.Size{Nodes: nodes, Volumes: 100_000})
	engine, err := placement.NewEngine(placement.Config{})
	if err != nil {
		b.Fatal(err)
	}
	names := make([]string, nodes)
	for i := range names {
		names[i] = synthetic.NodeName(i)
	}
	body, err := json.Marshal(extenderv1.ExtenderArgs{Pod: synthetic.PodWithClaims("new", "", synthetic.ClaimName(0), synthetic.ClaimName(3)), NodeNames: &names})
	if err != nil {
		b.Fatal(err)
	}
	of := func(log *decisions.Log) func() time.Duration {
		e := New(Options{
			Snapshot: cache.Snapshot, Changed: cache.Changed, Missing: func() []topology.Kind { return nil }, Engine: engine,
			Registry: prometheus.NewRegistry(), Decisions: log,
		})
		return func() time.Duration {
			r, err := decode(body)
			if err != nil {
				b.Fatal(err)
			}
			start := time.Now()
			e.filter(b.Context(), r, nil)
			return time.Since(start)
		}
	}
	with, without := of(decisions.New(1000)), of(nil)
	var kept, plain time.Duration
	for b.Loop() {
		kept += with()
		plain += without()
	}
	b.ReportMetric(float64(kept)/float64(plain), "with/without")
	b.ReportMetric(float64((kept-plain).Nanoseconds())/float64(b.N), "ns-more/op")
}
