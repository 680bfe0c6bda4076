// SPDX-License-Identifier: Apache-2.0

package server

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// TestScrapesShareTheWork: twenty scrapes at once cost two, the first one's and the others', and each begins after all of its own came.
func TestScrapesShareTheWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		times := 0
		g := newSharedGatherer(prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
			times++
			<-time.After(time.Second)
			return nil, nil
		}))
		start := time.Now()
		var scraping sync.WaitGroup
		for range 20 {
			scraping.Go(func() { _, _ = g.Gather() })
		}
		scraping.Wait()
		if took := time.Since(start); times != 2 || took != 2*time.Second {
			t.Errorf("gathered %d times in %s, want twice in 2 s", times, took)
		}
		if _, _ = g.Gather(); times != 3 {
			t.Errorf("a later scrape was answered with earlier values")
		}
	})
}
