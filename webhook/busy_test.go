// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// TestBusyIsNoAdmission: while all work that may be under way is, a request has an HTTP error for an answer, so that failurePolicy decides
// and a mandatory rule is not passed over.
func TestBusyIsNoAdmission(t *testing.T) {
	metrics, err := NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	w, err := New(Options{Metrics: metrics, Timeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ask := func() int {
		request := httptest.NewRequest(http.MethodPost, ValidatePath, strings.NewReader(
			`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u"}}`))
		request.Header.Set("Content-Type", "application/json")
		recorder := httptest.NewRecorder()
		w.Validate().ServeHTTP(recorder, request)
		return recorder.Code
	}
	if !w.working.TryAcquire(workAtATime) {
		t.Fatal("work is under way before the first request")
	}
	if status := ask(); status != http.StatusServiceUnavailable {
		t.Errorf("status %d while there is too much work, want 503", status)
	}
	if got := testutil.ToFloat64(metrics.admissions.WithLabelValues("validate", "other", string(decisionBusy))); got != 1 {
		t.Errorf("counted %v times as busy, want once", got)
	}
	w.working.Release(workAtATime)
	for range 300 {
		if status := ask(); status != http.StatusOK {
			t.Fatalf("status %d afterwards, want 200: is work given back?", status)
		}
	}
}

// writer calls onWrite when the answer is written.
type writer struct {
	*httptest.ResponseRecorder
	onWrite func()
}

func (w writer) Write(data []byte) (int, error) {
	w.onWrite()
	return w.ResponseRecorder.Write(data)
}

// TestSlowReadersHoldNoWork: an answer that a client does not read keeps no other request waiting.
func TestSlowReadersHoldNoWork(t *testing.T) {
	w, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{
		"an admission": `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u"}}`,
		"an error":     `{"apiVersion":"v1","kind":"Pod"}`,
	} {
		request := httptest.NewRequest(http.MethodPost, ValidatePath, strings.NewReader(body))
		request.Header.Set("Content-Type", "application/json")
		written := false
		w.Validate().ServeHTTP(writer{httptest.NewRecorder(), func() {
			written = true
			if !w.working.TryAcquire(workAtATime) {
				t.Errorf("%s: work is held while the answer is written", name)
				return
			}
			w.working.Release(workAtATime)
		}}, request)
		if !written {
			t.Errorf("%s: no answer", name)
		}
	}
}
