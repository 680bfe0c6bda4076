// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"runtime/debug"

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

// read makes of an API object what a state keeps of it, and returns the change that puts it in. The object's kind must be one of
// those that moorage reads. It looks at nothing that changes, so objects can be read side by side.
//
// Tenants write these objects and moorage follows them for ever, so a fault must neither end the process nor stop the watch: the
// change then leaves the object out, together with an earlier version of it. What the cache does not have restricts no pod.
func (s *state) read(object metav1.Object) (put change, fault *FaultError) {
	kind, _ := KindOf(object)
	defer func() {
		if cause := recover(); cause != nil {
			key := keyOf(object)
			fault = &FaultError{Kind: kind, Key: key, Cause: cause, Stack: debug.Stack()}
			put = func(s *state) { s.remove(kind, key) }
		}
	}()
	if s.beforeRead != nil {
		s.beforeRead(object)
	}
	return rowOfKind[kind].read(&reader{s.selectors, s.families}, object), nil
}
