// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"sync"
	"time"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// A StatefulSet with podManagementPolicy Parallel has its pods scheduled within a few milliseconds of each other, faster than
// it is seen where they went: each would be sent to the zone that had the fewest volumes before all of them. So what the last
// answers to /prioritize will probably lead to is kept here, until it is seen. It is a guess, and only rates depend on it.

// maxExpectations bounds the guesses.
const maxExpectations = 1024

// expectations are the guesses, of pods' claims.
type expectations struct {
	mu     sync.Mutex
	recent recent[[]placement.Expected]
}

// others drops what is out of date and returns what is expected of other pods than this.
func (e *expectations) others(pod topology.Key) []placement.Expected {
	e.mu.Lock()
	defer e.mu.Unlock()
	oldest := time.Now().Add(-recentMemory)
	var claims []placement.Expected
	e.recent.drop(func(x *recently[[]placement.Expected]) bool {
		if x.pod == pod || x.since.Before(oldest) {
			return true
		}
		claims = append(claims, x.value...)
		return false
	})
	return claims
}

func (e *expectations) add(pod topology.Key, claims []placement.Expected) {
	if len(claims) == 0 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.recent.add(pod, claims)
}
