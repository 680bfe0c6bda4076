// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/topology"
)

// leftOut gathers the objects that a fault in moorage kept out of a cache that is filled once. The zero value is ready for use, by
// several goroutines at a time.
type leftOut struct {
	mu     sync.Mutex
	faults []error
}

func (l *leftOut) add(err *topology.FaultError) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, err)
}

// err names all of them. It is for files, from which the object can be removed; an answer without it might be wrong.
func (l *leftOut) err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.faults...)
}

// note names them on a command's stderr. It is for a live cluster, whose objects are not the user's to remove.
func (l *leftOut) note(stderr io.Writer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, err := range l.faults {
		_, _ = fmt.Fprintf(stderr, "note: %s; please report this\n", plain.Line(err.Error()))
	}
}
