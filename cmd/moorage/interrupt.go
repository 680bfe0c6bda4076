// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// interrupted is the exit status of a command that a signal has ended, as shells count it: 128 and the signal's number.
func interrupted(s os.Signal) int {
	if number, ok := s.(syscall.Signal); ok {
		return 128 + int(number)
	}
	return exitFailure
}

// untilSignal returns a context that ends with the first SIGINT or SIGTERM. A command that is to end in good order, as a server is,
// has called inGoodOrder before: a second signal then ends it at once. Any other has nothing to finish. It may be waiting for a
// pipe, or be deep in a computation, so the process ends with the first, after cleanup.
func untilSignal(exit func(status int)) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals)
			ending.mu.Lock()
			defer ending.mu.Unlock()
			if !ending.orderly {
				for _, remove := range ending.cleanup {
					remove()
				}
				exit(interrupted(s))
			}
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel()
	}
}

// ending is what a signal finds.
var ending struct {
	mu      sync.Mutex
	orderly bool
	cleanup map[io.Closer]func()
}

// inGoodOrder has a first signal end the context only.
func inGoodOrder() {
	ending.mu.Lock()
	defer ending.mu.Unlock()
	ending.orderly = true
}

// onSignal has something done before a signal ends the process, until the returned function is called.
func onSignal(key io.Closer, do func()) (forget func()) {
	ending.mu.Lock()
	defer ending.mu.Unlock()
	if ending.cleanup == nil {
		ending.cleanup = map[io.Closer]func(){}
	}
	ending.cleanup[key] = do
	return func() {
		ending.mu.Lock()
		defer ending.mu.Unlock()
		delete(ending.cleanup, key)
	}
}
