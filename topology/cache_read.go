// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/internal/parallel"
)

// read is state.read, with the faults counted and told of. It needs no lock: it looks at nothing that changes.
func (c *Cache) read(object metav1.Object) change {
	put, fault := c.state.read(object)
	if fault != nil {
		c.faults[fault.Kind].Add(1)
		if c.options.Fault != nil {
			c.options.Fault(fault)
		}
	}
	return put
}

// readAtATime are read by a core together.
const readAtATime = 256

// readAll reads objects on all cores. What it returns is in their order; those of kinds that moorage does not read change nothing.
func (c *Cache) readAll(objects []metav1.Object) []change {
	changes := make([]change, len(objects))
	parallel.Each(len(objects), readAtATime, func(i int) {
		changes[i] = func(*state) {}
		if _, ok := KindOf(objects[i]); ok {
			changes[i] = c.read(objects[i])
		}
	})
	return changes
}

// faultCounts are the objects that a fault kept out, by kind.
type faultCounts map[Kind]*atomic.Uint64

func newFaultCounts() faultCounts {
	counts := faultCounts{}
	for _, kind := range AllKinds {
		counts[kind] = &atomic.Uint64{}
	}
	return counts
}
