// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"runtime/debug"
	"slices"
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// FaultError is a fault in moorage, or in a library of Kubernetes, that reading an object ran into. The object is not in the cache.
type FaultError struct {
	Kind Kind
	Key  Key
	// Cause is what the code panicked with, and Stack where.
	Cause any
	Stack []byte
}

func (e *FaultError) Error() string {
	return fmt.Sprintf("read %s %s: a fault in moorage: %v; the object is left out", e.Kind, e.Key, e.Cause)
}

// faultCounts are the objects that a fault kept out, by kind.
type faultCounts map[Kind]*atomic.Uint64

func newFaultCounts() faultCounts {
	counts := faultCounts{}
	for _, kind := range slices.Concat(Kinds, OptionalKinds) {
		counts[kind] = &atomic.Uint64{}
	}
	return counts
}

// trimmed makes of an API object what the cache keeps of it, and returns what puts that in. It looks at nothing that changes,
// so objects can be trimmed side by side; they are put in by who holds mu.
//
// Tenants write these objects and moorage follows them for ever, so a fault must neither end the process nor stop the watch: the
// object is left out, together with an earlier version of it. What the cache does not have restricts no pod.
func (c *Cache) trimmed(object metav1.Object) (put func()) {
	defer func() {
		if cause := recover(); cause != nil {
			kind, _ := KindOf(object) // trim touches no others
			key := keyOf(object)
			c.faulty(&FaultError{Kind: kind, Key: key, Cause: cause, Stack: debug.Stack()})
			put = func() { c.delete(kind, key) }
		}
	}()
	if c.beforeTrim != nil {
		c.beforeTrim(object)
	}
	return c.trim(object)
}

func (c *Cache) faulty(err *FaultError) {
	if count := c.faults[err.Kind]; count != nil {
		count.Add(1)
	}
	if c.options.Fault != nil {
		c.options.Fault(err)
	}
}
