// SPDX-License-Identifier: Apache-2.0

// Package intake reads the bodies of requests in bounded time and memory, and bounds what decoding them may cost, before anything is
// made of them.
//
// It must not know what is in a body beyond that it is JSON.
package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/semaphore"
)

// Reader reads bodies. It is safe for concurrent use.
type Reader struct {
	// maxBytes bounds one body, and maxTime how long its sender takes for it.
	maxBytes int64
	maxTime  time.Duration
	// small is the size up to which a body needs no share of large, so that senders of large bodies cannot keep small ones waiting.
	small int64
	// large are the bytes of larger bodies that are held at a time. A body takes its share whole, by the size that its sender announced:
	// shares that grew would wait for each other.
	large *semaphore.Weighted
}

// Options configure a Reader. All are required.
type Options struct {
	// MaxBytes bounds one body; MaxTime is how long its sender may take for it.
	MaxBytes int64
	MaxTime  time.Duration
	// SmallBytes is the size up to which bodies are read at once. HeldBytes bounds the larger ones that are held at a time, together; it is
	// at least MaxBytes.
	SmallBytes, HeldBytes int64
}

// New returns a Reader.
func New(o Options) *Reader {
	return &Reader{maxBytes: o.MaxBytes, maxTime: o.MaxTime, small: o.SmallBytes, large: semaphore.NewWeighted(max(o.HeldBytes, o.MaxBytes))}
}

// ErrBusy is the error where other large bodies have not left in time.
var ErrBusy = errors.New("too many large requests are under way")

// TooLargeError is the error of a body over the limit.
type TooLargeError struct{ Limit int64 }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the body is over the limit of %d bytes", e.Limit)
}

// believed is how much of an announced size is allocated before anything has come.
const believed = 64 << 10

// Read appends the body of a request to into. The caller calls release, once, when it no longer needs the body, also after an error.
func (b *Reader) Read(w http.ResponseWriter, r *http.Request, into []byte) (body []byte, release func(), err error) {
	release = func() {}
	if r.ContentLength > b.maxBytes {
		return nil, release, &TooLargeError{b.maxBytes}
	}
	ctx, cancel := context.WithTimeout(r.Context(), b.maxTime)
	defer cancel()
	control := http.NewResponseController(w)
	// Not every writer has deadlines (tests' recorders).
	if err = control.SetReadDeadline(time.Now().Add(b.maxTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, release, fmt.Errorf("bound the time for the body: %w", err)
	}
	var share int64
	from := http.MaxBytesReader(w, r.Body, b.maxBytes)
	body = slices.Grow(into, int(min(max(r.ContentLength, 0), believed))+bytes.MinRead)
	for {
		if share == 0 && int64(len(body)) >= b.small {
			if share = r.ContentLength; share < 0 {
				share = b.maxBytes
			}
			if !b.large.TryAcquire(share) && b.large.Acquire(ctx, share) != nil {
				return nil, release, ErrBusy
			}
			release = func() { b.large.Release(share) }
			body = slices.Grow(body, int(max(r.ContentLength-int64(len(body)), 0))+bytes.MinRead)
		}
		if len(body) == cap(body) {
			body = slices.Grow(body, bytes.MinRead)
		}
		n, readErr := from.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		var over *http.MaxBytesError
		switch {
		case errors.Is(readErr, io.EOF):
			// The connection may be kept for the next request, which has a deadline of its own.
			if err = control.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
				return nil, release, fmt.Errorf("lift the bound on the time for the body: %w", err)
			}
			return body, release, nil
		case errors.As(readErr, &over):
			return nil, release, &TooLargeError{b.maxBytes}
		case readErr != nil:
			return nil, release, fmt.Errorf("the body could not be read to its end: %w", readErr)
		}
	}
}
