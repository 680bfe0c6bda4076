// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/moorage-k8s/moorage/e2e/controlplane"
)

// shared is the control plane of all tests, or the error that kept it from starting.
var shared struct {
	once    sync.Once
	control *controlplane.ControlPlane
	err     error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.control != nil {
		if err := shared.control.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stop the control plane:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// control returns the shared control plane, which the first test that asks for it starts.
func control(t *testing.T) *controlplane.ControlPlane {
	t.Helper()
	shared.once.Do(func() {
		shared.control, shared.err = controlplane.Start(context.Background(), controlplane.Options{Progress: os.Stderr})
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.control
}

// await waits for a condition, and fails the test if it does not come within a minute.
func await(t *testing.T, what string, condition wait.ConditionWithContextFunc) {
	t.Helper()
	if err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, time.Minute, true, condition); err != nil {
		t.Fatalf("wait until %s: %v", what, err)
	}
}
