// SPDX-License-Identifier: Apache-2.0

// Package suite gives all tests of a package one control plane, which is started for the first that asks for it.
package suite

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/moorage-k8s/moorage/e2e/controlplane"
)

// shared is the control plane of all tests of the process, or the error that kept it from starting.
var shared struct {
	once    sync.Once
	control *controlplane.ControlPlane
	err     error
}

// Run is for TestMain: it runs the tests, stops the control plane if there is one, and returns the exit status.
func Run(m *testing.M) int {
	code := m.Run()
	if shared.control != nil {
		if err := shared.control.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stop the control plane:", err)
			code = 1
		}
	}
	return code
}

// Control returns the shared control plane.
func Control(t *testing.T) *controlplane.ControlPlane {
	t.Helper()
	shared.once.Do(func() {
		shared.control, shared.err = controlplane.Start(context.Background(), controlplane.Options{Progress: os.Stderr})
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.control
}
