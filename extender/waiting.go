// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"context"
	"sync"
	"time"

	"github.com/moorage-k8s/moorage/extender/budget"
	"github.com/moorage-k8s/moorage/topology"
)

// How a wait ended.
const (
	waitSeen    = "seen"
	waitTimeout = "timed-out"
	waitGivenUp = "given-up"
	waitSkipped = "skipped"
)

// await calls look with each snapshot that is newer than the one that was seen, until look is satisfied, the time is spent or the request is
// given up. It waits as long as it wants or as the budget allows, and not at all if that is less than atLeast; what is the name by which a
// skipped wait is counted.
func (e *Extender) await(
	ctx context.Context, r *request, what string, wants, atLeast time.Duration, seen *topology.Snapshot, look func(*topology.Snapshot) bool,
) (ended string) {
	granted := e.waiting.take(min(wants, budget.Request-r.waited), min(wants, atLeast))
	if granted == 0 {
		e.metrics.skipped.WithLabelValues(what).Inc()
		return waitSkipped
	}
	start := time.Now()
	defer func() {
		took := time.Since(start)
		r.waited += took
		e.waiting.giveBack(granted - took)
	}()
	deadline := time.NewTimer(granted)
	defer deadline.Stop()
	for {
		select {
		case <-e.options.Changed(seen):
			if seen = e.options.Snapshot(); look(seen) {
				return waitSeen
			}
		case <-deadline.C:
			return waitTimeout
		case <-ctx.Done():
			return waitGivenUp
		}
	}
}

// share is the part of all time (budget.Share) that may be spent on something. What is not spent is saved up, to a limit, which there is at
// first.
type share struct {
	saved time.Duration

	mu    sync.Mutex // guards the fields below
	left  time.Duration
	since time.Time // when left was reckoned; zero before the first time
}

// take takes as much time as is wanted or as there is, 0 if that is less than atLeast.
func (s *share) take(wanted, atLeast time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.since.IsZero() {
		s.left = s.saved
	} else {
		s.left = min(s.saved, s.left+now.Sub(s.since)/budget.Share)
	}
	s.since = now
	taken := min(wanted, s.left)
	if taken < atLeast || taken <= 0 {
		return 0
	}
	s.left -= taken
	return taken
}

// giveBack gives back what was taken and not spent; less than nothing where more was.
func (s *share) giveBack(time time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left += time
}
