// SPDX-License-Identifier: Apache-2.0

// Package e2e holds the end-to-end suites: what moorage promises to a user, on a real control plane.
//
// All tests of the package share one control plane, which is started for the first that asks for it. Each has nodes, storage,
// namespace and scheduler of its own and takes them away again. The first run builds the control plane's programs, which takes longer than the
// ten minutes that go test allows by default: build them beforehand with `go run ./cmd/controlplane build`.
package e2e

import (
	"context"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/moorage"
	"github.com/moorage-k8s/moorage/e2e/suite"
)

// pollInterval is how often a condition is looked at.
const pollInterval = 50 * time.Millisecond

func TestMain(m *testing.M) { os.Exit(suite.Run(m)) }

// control returns the shared control plane.
func control(t *testing.T) *controlplane.ControlPlane {
	t.Helper()
	return suite.Control(t)
}

// namespace makes a namespace for the test. It is emptied before what the test set up earlier is taken away, and then deleted.
func namespace(t *testing.T, c *controlplane.ControlPlane) string {
	t.Helper()
	ns, err := c.CreateNamespace(t.Context(), "e2e-")
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, func(ctx context.Context) error { return c.RemoveNamespace(ctx, ns) })
	return ns
}

// moorageNamespace makes moorage's own namespace, which a test has for itself until it ends.
func moorageNamespace(t *testing.T, c *controlplane.ControlPlane) {
	t.Helper()
	namespaces := c.Client().CoreV1().Namespaces()
	// That of an earlier test goes in its own time.
	await(t, "the namespace of an earlier test to be gone", func(ctx context.Context) (bool, error) {
		_, err := namespaces.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: moorage.AuthorityNamespace}}, metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) {
			return false, nil
		}
		return err == nil, err
	})
	cleanup(t, func(ctx context.Context) error { return c.RemoveNamespace(ctx, moorage.AuthorityNamespace) })
}

// cleanup runs f when the test ends, with a context that is still alive then.
func cleanup(t *testing.T, f func(context.Context) error) {
	t.Helper()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		if err := f(ctx); err != nil {
			t.Error(err)
		}
	})
}

// await waits for a condition, and fails the test if it does not come within a minute.
func await(t *testing.T, what string, condition wait.ConditionWithContextFunc) {
	t.Helper()
	if err := wait.PollUntilContextTimeout(t.Context(), pollInterval, time.Minute, true, condition); err != nil {
		t.Fatalf("wait for %s: %v", what, err)
	}
}

// since reports whether the control plane is of Kubernetes 1.minor or later.
func since(t *testing.T, minor int) bool {
	t.Helper()
	running, err := strconv.Atoi(strings.TrimPrefix(binaries.Kubernetes(), "1."))
	if err != nil {
		t.Fatalf("read the minor release of Kubernetes %s: %v", binaries.Kubernetes(), err)
	}
	return running >= minor
}
