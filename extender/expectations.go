// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"slices"
	"sync"
	"time"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// A StatefulSet with podManagementPolicy Parallel has its pods scheduled within a few milliseconds of each other, faster than
// it is seen where they went: each would be sent to the zone that had the fewest volumes before all of them. So what the last
// answers to /prioritize will probably lead to is kept here, until it is seen. It is a guess, and only rates depend on it.

const (
	// expectationMemory bounds how long a guess is kept of which nothing is seen.
	expectationMemory = 5 * time.Second
	// maxExpectations bounds how many are; the oldest go first.
	maxExpectations = 1024
)

// expectations are the guesses, the oldest first.
type expectations struct {
	mu   sync.Mutex
	list []expectation
}

type expectation struct {
	pod    topology.Key
	since  time.Time
	claims []placement.Expected
}

// others drops what is out of date and returns what is expected of other pods than this.
func (e *expectations) others(pod topology.Key) []placement.Expected {
	e.mu.Lock()
	defer e.mu.Unlock()
	oldest := time.Now().Add(-expectationMemory)
	e.list = slices.DeleteFunc(e.list, func(x expectation) bool { return x.pod == pod || x.since.Before(oldest) })
	var claims []placement.Expected
	for i := range e.list {
		claims = append(claims, e.list[i].claims...)
	}
	return claims
}

func (e *expectations) add(pod topology.Key, claims []placement.Expected) {
	if len(claims) == 0 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.list) == maxExpectations {
		e.list = e.list[1:]
	}
	e.list = append(e.list, expectation{pod: pod, since: time.Now(), claims: claims})
}
