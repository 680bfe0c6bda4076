// SPDX-License-Identifier: Apache-2.0

package webhook_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/moorage-k8s/moorage/webhook"
)

// TestMemoryOfLargeRequests holds what one request costs: by its bytes where it is refused, and in all where it is decoded.
func TestMemoryOfLargeRequests(t *testing.T) {
	hook, err := webhook.New(webhook.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const head = `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","kind":{"group":"","version":"v1","kind":"Pod"},` +
		`"resource":{"group":"","version":"v1","resource":"pods"},"namespace":"d","operation":"CREATE","userInfo":{"username":"t"},` +
		`"object":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"%s":[%s]}}}}`
	for _, test := range []struct {
		field  string
		items  int
		status int
		// most is in bytes.
		most func(body int) uint64
	}{
		{"volumes", 2_300_000, http.StatusRequestEntityTooLarge, func(body int) uint64 { return uint64(8 * body) }},
		{"containers", 2_300_000, http.StatusRequestEntityTooLarge, func(body int) uint64 { return uint64(8 * body) }},
		{"containers", 45_000, http.StatusOK, func(int) uint64 { return 600 << 20 }},
		{"containers", 10, http.StatusOK, func(int) uint64 { return 1 << 20 }},
	} {
		t.Run(fmt.Sprintf("%d %s", test.items, test.field), func(t *testing.T) {
			body := fmt.Sprintf(head, test.field, strings.TrimSuffix(strings.Repeat("{},", test.items), ","))
			request := httptest.NewRequest(http.MethodPost, webhook.ValidatePath, strings.NewReader(body))
			request.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			hook.Validate().ServeHTTP(w, request)
			runtime.ReadMemStats(&after)
			if w.Code != test.status {
				t.Errorf("status %d %.200s, want %d", w.Code, w.Body, test.status)
			}
			if spent := after.TotalAlloc - before.TotalAlloc; spent > test.most(len(body)) {
				t.Errorf("%d bytes were allocated for a body of %d, want at most %d", spent, len(body), test.most(len(body)))
			} else {
				t.Logf("%d bytes were allocated for a body of %d", spent, len(body))
			}
		})
	}
}
