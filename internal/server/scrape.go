// SPDX-License-Identifier: Apache-2.0

package server

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// maxScrapes bounds the scrapes that are being answered at a time. It is far more than honest ones are, since those that come beyond it
// are refused, no matter who sends them; what many of them cost is bounded by sharedGatherer.
const maxScrapes = 64

// sharedGatherer gathers once at a time. Scrapes that come meanwhile share the next time, so each waits for two at most, however many there
// are, and none gets values from before it came. Safe for concurrent use; what it returns is shared and must not be changed.
type sharedGatherer struct {
	from prometheus.Gatherer

	// turn has room for the one that gathers.
	turn chan struct{}
	// mu guards next, which those wait for who come while another gathers.
	mu   sync.Mutex
	next *gathered
}

type gathered struct {
	done     chan struct{}
	families []*dto.MetricFamily
	err      error
}

func newSharedGatherer(from prometheus.Gatherer) *sharedGatherer {
	return &sharedGatherer{from: from, turn: make(chan struct{}, 1)}
}

// Gather makes sharedGatherer a prometheus.Gatherer.
func (g *sharedGatherer) Gather() ([]*dto.MetricFamily, error) {
	g.mu.Lock()
	mine, joined := g.next, g.next != nil
	if !joined {
		mine = &gathered{done: make(chan struct{})}
		g.next = mine
	}
	g.mu.Unlock()
	if joined {
		<-mine.done
		return mine.families, mine.err
	}
	g.turn <- struct{}{}
	defer func() { <-g.turn }()
	defer close(mine.done)
	g.mu.Lock()
	g.next = nil
	g.mu.Unlock()
	mine.families, mine.err = g.from.Gather()
	return mine.families, mine.err
}
