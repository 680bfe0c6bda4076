// SPDX-License-Identifier: Apache-2.0

package server

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// ask sends a request, and reports whether the answer says that the connection ends.
func ask(h http.Handler) (closes bool) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/validate", http.NoBody))
	return w.Result().Header.Get("Connection") == "close"
}

func TestDrainSendsClientsElsewhere(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		// asks are when requests come after the server was asked to stop; one came before.
		asks []time.Duration
		// before is how long before that one came.
		before, want time.Duration
	}{
		{"nobody asks", nil, time.Minute, 0},
		{"somebody has just asked", nil, 400 * time.Millisecond, 600 * time.Millisecond},
		{"somebody goes on for a while", []time.Duration{500 * time.Millisecond, 1400 * time.Millisecond}, 0, 2400 * time.Millisecond},
		{"somebody never stops", []time.Duration{
			900 * time.Millisecond, 1800 * time.Millisecond, 2700 * time.Millisecond, 3600 * time.Millisecond, 4500 * time.Millisecond,
		}, 0, quietLimit},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := &drain{}
				h := d.handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
				if ask(h) {
					t.Error("a connection ends before the server is to stop")
				}
				<-time.After(tc.before)
				started := time.Now()
				for _, after := range tc.asks {
					time.AfterFunc(after, func() {
						if !ask(h) {
							t.Error("a connection outlives its request though the server is to stop")
						}
					})
				}
				d.wait()
				if took := time.Since(started); took != tc.want {
					t.Errorf("waited for %v, want %v", took, tc.want)
				}
			})
		})
	}
}
