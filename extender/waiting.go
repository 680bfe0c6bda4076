// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"sync"
	"time"
)

// kube-scheduler places one pod after the other, and waits for filter. So what filter waits for, a claim, what became of other pods, or a
// change that would let a pod fit, is bounded for each request and as a share of all time, whatever pods come. What is not used of the share
// is saved up, so that a burst of pods against a nearly full pool has its waits in full; a wait beyond is skipped, and counted.

const (
	// maxWaiting bounds what one request waits in all.
	maxWaiting = 650 * time.Millisecond
	// waitingShare bounds all waits to one part in as many of all time, and waitingSaved is how much may be saved up.
	waitingShare = 10
	waitingSaved = 5 * time.Second
)

// waiting is the time that filter may still wait.
type waiting struct {
	mu    sync.Mutex // guards the fields below
	left  time.Duration
	since time.Time // when left was reckoned; zero before the first wait
}

// grant gives the request time to wait, as much as it wants or as there is, 0 where that is not worth a wait. The request gives back what
// it did not use.
func (w *waiting) grant(r *request, want, atLeast time.Duration) (granted time.Duration, giveBack func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if w.since.IsZero() {
		w.left = waitingSaved
	} else {
		w.left = min(waitingSaved, w.left+now.Sub(w.since)/waitingShare)
	}
	w.since = now
	if granted = min(want, w.left, maxWaiting-r.waited); granted < min(want, atLeast) || granted <= 0 {
		return 0, func() {}
	}
	w.left -= granted
	return granted, func() {
		took := time.Since(now)
		r.waited += took
		w.mu.Lock()
		defer w.mu.Unlock()
		w.left += granted - took
	}
}
