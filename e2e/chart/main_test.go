// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"os"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/suite"
)

func TestMain(m *testing.M) { os.Exit(suite.Run(m)) }

// control returns the shared control plane, which the first test that asks for it starts.
func control(t *testing.T) *controlplane.ControlPlane {
	t.Helper()
	return suite.Control(t)
}

// await waits for a condition, and fails the test if it does not come within a minute.
func await(t *testing.T, what string, condition wait.ConditionWithContextFunc) {
	t.Helper()
	if err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, time.Minute, true, condition); err != nil {
		t.Fatalf("wait until %s: %v", what, err)
	}
}
