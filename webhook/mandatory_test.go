// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// What a mandatory rule did not judge is not said to have passed it: the failurePolicy decides.
func TestAMandatoryRuleThatIsNotAskedIsNoAdmission(t *testing.T) {
	metrics, err := NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	mandatory := rules.EvaluatorOptions{Mandatory: []string{"propagation-bidirectional-path"}}
	w := newWebhook(t, Options{Rules: mandatory, Metrics: metrics})
	panics := newWebhook(t, Options{Rules: mandatory, Lookup: func() *topology.Snapshot { panic("no lookup") }})
	panicsInRule := newWebhook(t, Options{
		Rules: rules.EvaluatorOptions{Mandatory: []string{"binding-no-common-node"}}, Lookup: broken,
	})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	claiming := strings.Replace(rootMount, "hostPath: {path: /}", "persistentVolumeClaim: {claimName: data}", 1)
	unreadable := strings.Replace(reviewOf(t, rootMount, ""), `"containers":[`, `"containers":7,"x":[`, 1)
	for _, tc := range []struct {
		name, path, body string
		ctx              context.Context
		handler          http.Handler
		status           int
		want             string
	}{
		{"asked", "/validate?timeout=2s", reviewOf(t, claiming, ""), t.Context(), w.Validate(), http.StatusOK, `"allowed":true`},
		{"asked and denied", "/validate?timeout=2s", reviewOf(t, rootMount, ""), t.Context(), w.Validate(), http.StatusOK, `"allowed":false`},
		{"no time", "/validate?timeout=1ns", reviewOf(t, claiming, ""), t.Context(), w.Validate(), http.StatusInternalServerError, "rules were not asked in time"},
		{"a client that has left", "/validate", reviewOf(t, claiming, ""), ended, w.Validate(), http.StatusInternalServerError, "(propagation-bidirectional-path) could not be asked"},
		{"an object that cannot be read", "/validate", unreadable, t.Context(), w.Validate(), http.StatusInternalServerError, "the object cannot be read"},
		{"a panic outside", "/validate", reviewOf(t, claiming, ""), t.Context(), panics.Validate(), http.StatusInternalServerError, "an internal error"},
		{"a panic in the rule", "/validate", reviewOf(t, claiming, ""), t.Context(), panicsInRule.Validate(), http.StatusInternalServerError, "the rule"},
		{"a kind that it does not read", "/validate?timeout=1ns", reviewOf(t, betaClaim, ""), t.Context(), w.Validate(), http.StatusOK, `"allowed":true`},
		{"the other endpoint", "/mutate", unreadable, t.Context(), w.Mutate(), http.StatusOK, `"allowed":true`},
		{"none is mandatory", "/validate?timeout=1ns", reviewOf(t, claiming, ""), t.Context(), newWebhook(t, Options{}).Validate(), http.StatusOK, `"allowed":true`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			request := httptest.NewRequest(http.MethodPost, tc.path, strings.NewReader(tc.body)).WithContext(tc.ctx)
			request.Header.Set("Content-Type", "application/json")
			recorder := httptest.NewRecorder()
			tc.handler.ServeHTTP(recorder, request)
			if recorder.Code != tc.status || !strings.Contains(recorder.Body.String(), tc.want) {
				t.Errorf("got %d %s, want %d and %q", recorder.Code, recorder.Body, tc.status, tc.want)
			}
		})
	}
	if got := testutil.ToFloat64(metrics.admissions.WithLabelValues("validate", "create", string(decisionUnanswered))); got != 3 {
		t.Errorf("%v requests are counted as unanswered, want 3", got)
	}
}

// broken is a snapshot that was never built: it panics where a rule asks about its nodes.
func broken() *topology.Snapshot { return &topology.Snapshot{} }

func TestTheTimeIsTheAPIServers(t *testing.T) {
	e := &endpoint{Webhook: newWebhook(t, Options{}), name: validateName}
	for url, want := range map[string]time.Duration{
		"/validate": DefaultTimeout, "/validate?timeout=1s": 750 * time.Millisecond, "/validate?timeout=2s": DefaultTimeout,
		"/validate?timeout=30s": DefaultTimeout, "/validate?timeout=soon": DefaultTimeout, "/validate?timeout=-1s": DefaultTimeout,
	} {
		if got := e.timeFor(httptest.NewRequest(http.MethodPost, url, http.NoBody)); got != want {
			t.Errorf("%s: %v, want %v", url, got, want)
		}
	}
}
