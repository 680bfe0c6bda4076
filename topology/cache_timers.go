// SPDX-License-Identifier: Apache-2.0

package topology

import "time"

const (
	defaultNodeDelay = 20 * time.Millisecond
	// restFactor keeps a cluster whose nodes change all the time from costing more than a sixth of a core: the larger the
	// cluster, the longer its changes are gathered.
	restFactor = 5
)

// timers are what a Cache does later: bring gathered changes of nodes in, and end reservations whose time is over. Both do nothing
// where Options.NodeDelay is negative.
type timers struct {
	settle, expire *time.Timer
	// settling is how long it last took to bring changes of nodes in.
	settling time.Duration
	// due is when expire looks.
	due time.Time
}

// schedule has the timers set for what the state now waits for. It is called with mu held.
func (c *Cache) schedule() {
	if c.options.NodeDelay < 0 {
		return
	}
	t := &c.timers
	if c.state.unsettled && t.settle == nil {
		t.settle = time.AfterFunc(max(c.options.NodeDelay, restFactor*t.settling), c.Flush)
	}
	due := c.state.ledger.due
	if due.IsZero() || t.expire != nil && !due.Before(t.due) {
		return
	}
	if t.expire != nil {
		t.expire.Stop()
	}
	t.due = due
	t.expire = time.AfterFunc(max(due.Sub(c.options.Now()), time.Millisecond), c.expire)
}

// Flush applies gathered changes of nodes at once, and ends reservations that have timed out.
func (c *Cache) Flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timers.settle != nil {
		c.timers.settle.Stop()
		c.timers.settle = nil
	}
	start := time.Now()
	if c.state.settleNodes() {
		c.timers.settling = time.Since(start)
	}
	c.state.expireReservations()
	c.publish()
}

func (c *Cache) expire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timers.expire = nil
	c.state.expireReservations()
	c.publish()
}
