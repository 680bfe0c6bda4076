// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"time"

	"github.com/moorage-k8s/moorage/internal/plain"
)

const (
	// patience is how long a command works without a word.
	patience = 2 * time.Second
	// pace is how often it says how far it is.
	pace = 200 * time.Millisecond
)

// showProgress returns what a long work tells how far it is, and what removes the last word of it. On anything but a terminal
// both do nothing. The first must not be called by two at a time.
func showProgress(w io.Writer) (tell func(done, of int), clear func()) {
	if !isTerminal(w) {
		return nil, func() {}
	}
	w = plain.Raw(w) // Its words are our own, and go without an end of the line.
	next, shown := time.Now().Add(patience), false
	tell = func(done, of int) {
		if now := time.Now(); now.After(next) {
			next, shown = now.Add(pace), true
			_, _ = fmt.Fprintf(w, "\r%3d %% done", 100*done/max(of, 1))
		}
	}
	return tell, func() {
		if shown {
			_, _ = fmt.Fprint(w, "\r\x1b[K")
		}
	}
}
