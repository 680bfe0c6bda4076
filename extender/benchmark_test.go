// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	extenderv1 "k8s.io/kube-scheduler/extender/v1"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
	"github.com/moorage-k8s/moorage/topology/synthetic"
)

// BenchmarkFilterOverHTTP asks, in turns over loopback, moorage about 5,000 names for a pod with three claims and 100,000
// volumes in the cache, and two extenders that have no opinion: one that reads and writes as moorage does, one on
// encoding/json as most extenders are. The metrics are how much of their time moorage takes.
func BenchmarkFilterOverHTTP(b *testing.B) {
	const nodes = 5000
	cache := synthetic.Cache(synthetic.Size{Nodes: nodes, Volumes: 100_000})
	if err := cache.Upsert(synthetic.Claim("new", synthetic.Zonal, 5<<30)); err != nil {
		b.Fatal(err)
	}
	engine, err := placement.NewEngine(placement.Config{})
	if err != nil {
		b.Fatal(err)
	}
	moorage := httptest.NewServer(New(Options{
		Snapshot: cache.Snapshot, Changed: cache.Changed, Missing: func() []topology.Kind { return nil }, Engine: engine,
		Registry: prometheus.NewRegistry(), Logger: logr.Discard(),
	}))
	defer moorage.Close()
	sameCodec := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pass := func(int) (placement.Reason, bool) { return 0, false }
		b := buffers.Get().(*buffer)
		defer b.release()
		b.body = slices.Grow(b.body[:0], int(r.ContentLength))[:r.ContentLength]
		_, _ = io.ReadFull(r.Body, b.body)
		b.answer, _ = onNodes(func(_ context.Context, r *request, out []byte) ([]byte, int) {
			return filterAnswer(out, r, pass), http.StatusOK
		})(r.Context(), b.body, b.answer[:0])
		_, _ = w.Write(b.answer)
	}))
	defer sameCodec.Close()
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var args extenderv1.ExtenderArgs
		if json.NewDecoder(r.Body).Decode(&args) != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
		_ = json.NewEncoder(w).Encode(extenderv1.ExtenderFilterResult{NodeNames: args.NodeNames})
	}))
	defer plain.Close()

	names := make([]string, nodes)
	for i := range names {
		names[i] = synthetic.NodeName(i)
	}
	pod := synthetic.PodWithClaims("new", "", synthetic.ClaimName(0), synthetic.ClaimName(3), "new")
	pod.Spec.Containers = []corev1.Container{{Name: "main", Image: "registry.example.com/app:1", Args: []string{"--serve", "--port=8080"}}}
	body, err := json.Marshal(extenderv1.ExtenderArgs{Pod: pod, NodeNames: &names})
	if err != nil {
		b.Fatal(err)
	}
	ask := func(server *httptest.Server) time.Duration {
		start := time.Now()
		response, err := server.Client().Post(server.URL+"/filter", "application/json", bytes.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
			b.Fatalf("status %d, %v", response.StatusCode, err)
		}
		_ = response.Body.Close()
		return time.Since(start)
	}
	// What making the cluster left behind is nobody's to clean up.
	runtime.GC()
	var ours, same, theirs time.Duration
	for b.Loop() {
		ours += ask(moorage)
		same += ask(sameCodec)
		theirs += ask(plain)
	}
	b.ReportMetric(float64(ours.Microseconds())/float64(b.N), "moorage-µs")
	b.ReportMetric(float64(ours)/float64(same), "of-same-codec")
	b.ReportMetric(float64(ours)/float64(theirs), "of-encoding/json")
}
