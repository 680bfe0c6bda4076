// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"time"

	"github.com/moorage-k8s/moorage/topology"
)

// recentMemory bounds how long something is noted of a pod of which nothing is seen: it may have failed to be placed for another reason, and
// be asked about again later or never.
const recentMemory = 5 * time.Second

// recent are notes about pods, the oldest first, that what is seen of the pods replaces.
type recent[T any] struct {
	most  int // the oldest go first
	notes []recently[T]
}

// recently is what was noted of a pod, and when.
type recently[T any] struct {
	pod   topology.Key
	since time.Time
	value T
}

func (r *recent[T]) add(pod topology.Key, value T) {
	if len(r.notes) == r.most {
		r.notes = r.notes[1:]
	}
	r.notes = append(r.notes, recently[T]{pod, time.Now(), value})
}

func (r *recent[T]) drop(which func(*recently[T]) bool) {
	kept := r.notes[:0]
	for i := range r.notes {
		if !which(&r.notes[i]) {
			kept = append(kept, r.notes[i])
		}
	}
	clear(r.notes[len(kept):])
	r.notes = kept
}
