// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"sync"
	"time"
)

// freshness is what the cache knows of its own age, by kind. It has its own lock: who asks for it waits for no event.
type freshness struct {
	mu   sync.Mutex
	last map[Kind]time.Time
}

func (f *freshness) event(kind Kind, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.last == nil {
		f.last = map[Kind]time.Time{}
	}
	f.last[kind] = now
}

// Heard notes that the source is in step with the cluster although nothing of the kind changed, as a watch's bookmark says.
func (c *Cache) Heard(kind Kind) { c.fresh.event(kind, c.options.Now()) }

// Missing returns the kinds that have not been read in full yet, in the order of Kinds. The cache has synced when there are
// none.
func (c *Cache) Missing() []Kind {
	s := c.Snapshot()
	var missing []Kind
	for _, kind := range Kinds {
		if _, listed := s.listed[kind]; !listed {
			missing = append(missing, kind)
		}
	}
	return missing
}

// Age returns how long ago something was last heard of the kind; ok is false where nothing ever was.
func (c *Cache) Age(kind Kind) (age time.Duration, ok bool) {
	c.fresh.mu.Lock()
	defer c.fresh.mu.Unlock()
	last, ok := c.fresh.last[kind]
	return c.options.Now().Sub(last), ok
}

// changes wakes those who wait for a newer snapshot. It has its own lock: they wait for no event.
type changes struct {
	mu   sync.Mutex
	next chan struct{} // closed with the next snapshot; nil where nobody waits
}

// published has a newer snapshot be known. The snapshot must be stored before.
func (c *changes) published() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next != nil {
		close(c.next)
		c.next = nil
	}
}

// passed is a channel that is closed.
var passed = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Changed returns a channel that is closed once there is a newer Snapshot than the one that was seen, at once if there is.
func (c *Cache) Changed(seen *Snapshot) <-chan struct{} {
	c.changes.mu.Lock()
	defer c.changes.mu.Unlock()
	if c.published.Load() != seen {
		return passed
	}
	if c.changes.next == nil {
		c.changes.next = make(chan struct{})
	}
	return c.changes.next
}
