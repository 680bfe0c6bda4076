// SPDX-License-Identifier: Apache-2.0

//go:build unix

// Package growth measures, for tests, how work grows with what it is done on. It is not for production code.
package growth

import (
	"runtime"
	"runtime/debug"
	"syscall"
	"testing"
	"time"
)

// Times is how many times the small piece of work the large one is.
const Times = 16

const (
	// limit is how many times as long the large piece of work may take: Times, or a few times that, where work that looks at all of
	// it again for each of its parts takes Times squared.
	limit = 64.0
	turns = 5
)

// Hold fails the test where the large piece of work, which is Times the small one, takes much more than Times as long. The small one
// counts as least at least, as what is shorter cannot be measured. It counts processor time, of several turns the least, and collects
// garbage between the turns alone: what a collection costs depends on the whole heap, and on how deep the stack is when it begins.
func Hold(t *testing.T, least time.Duration, small, large func()) {
	t.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	took := func(work func()) time.Duration {
		runtime.GC()
		start := ProcessorTime(t)
		work()
		return ProcessorTime(t) - start
	}
	once, more := took(small), took(large)
	for range turns - 1 {
		once, more = min(once, took(small)), min(more, took(large))
	}
	ratio := float64(more) / float64(max(once, least))
	t.Logf("%v, %d times as much %v: %.2f times", once, Times, more, ratio)
	if ratio > limit {
		t.Errorf("%d times the work takes %.1f times as long (%v instead of %v); at most %.0f times", Times, ratio, more, once, limit)
	}
}

// ProcessorTime is what the process has used so far, on all processors together.
func ProcessorTime(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
