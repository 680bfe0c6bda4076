// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// TestLooksForStrandedClaimsRest: a look that takes half a second is kept for ten, and a scrape that comes while one is under way does not
// wait for it.
func TestLooksForStrandedClaimsRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine, err := placement.NewEngine(placement.Config{})
		if err != nil {
			t.Fatal(err)
		}
		looks := 0
		snapshot := topology.New(topology.Options{}).Snapshot()
		registry := prometheus.NewRegistry()
		New(Options{
			Snapshot: func() *topology.Snapshot {
				looks++
				<-time.After(500 * time.Millisecond)
				return snapshot
			},
			Missing: func() []topology.Kind { return nil }, Engine: engine, Registry: registry, Logger: logr.Discard(),
		})
		gather := func(want int, most time.Duration) {
			t.Helper()
			start := time.Now()
			families, err := registry.Gather()
			if err != nil || len(families) == 0 {
				t.Fatalf("gathered %d metrics, %v", len(families), err)
			}
			if looks != want || time.Since(start) > most {
				t.Errorf("%d looks, want %d, after %s, want at most %s", looks, want, time.Since(start), most)
			}
		}
		first := make(chan struct{})
		go func() {
			defer close(first)
			gather(1, 500*time.Millisecond)
		}()
		synctest.Wait()
		gather(1, 0)
		<-first
		<-time.After(10*time.Second - time.Millisecond)
		gather(1, 0)
		<-time.After(time.Millisecond)
		gather(2, 500*time.Millisecond)
	})
}
