// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/moorage-k8s/moorage/topology"
)

func TestLeftOutNamesTheObject(t *testing.T) {
	var left leftOut
	if err := left.err(); err != nil {
		t.Fatalf("%v, though nothing was left out", err)
	}
	left.add(&topology.FaultError{Kind: topology.KindPod, Key: topology.Key{Namespace: "ns", Name: "web-0"}, Cause: "nil", Stack: []byte("goroutine 1")})
	const want = "read Pod ns/web-0: a fault in moorage: nil; the object is left out"
	if err := left.err(); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	var said strings.Builder
	left.note(&said)
	if want := "note: " + want + "; please report this\n"; said.String() != want {
		t.Errorf("said %q, want %q", said.String(), want)
	}
}
