// SPDX-License-Identifier: Apache-2.0

package extender

import "sync"

// maxKept is the largest buffer that is kept for a later request. Names of 15,000 nodes, each with a reason, fit; whole
// nodes do not.
const maxKept = 4 << 20

// buffer holds a request's body and its answer. Requests come at the scheduler's pace, hundreds a second with hundreds of
// kilobytes each: allocated each time, they would keep the garbage collector walking through the cache.
type buffer struct{ body, answer []byte }

var buffers = sync.Pool{New: func() any { return &buffer{} }}

// release gives the buffer back. Nothing may refer to its contents any more.
func (b *buffer) release() {
	b.forgetLargeBody()
	if cap(b.answer) > maxKept {
		b.answer = nil
	}
	buffers.Put(b)
}

// forgetLargeBody lets go of a body that would not be kept anyway, while its answer is still being written.
func (b *buffer) forgetLargeBody() {
	if cap(b.body) > maxKept {
		b.body = nil
	}
}
