// SPDX-License-Identifier: Apache-2.0

// Package e2e holds the end-to-end suites: what moorage promises to a user, on a real control plane.
//
// All tests of the package share one control plane, which is started for the first that asks for it. Each has nodes, storage,
// namespace and scheduler of its own and takes them away again. The first run builds the control plane's programs, which takes longer than the
// ten minutes that go test allows by default: build them beforehand with `go run ./cmd/controlplane build`.
package e2e

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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

// control returns the shared control plane.
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

// namespace makes a namespace for the test. It is deleted with all that is in it before what the test set up earlier is taken away.
func namespace(t *testing.T, c *controlplane.ControlPlane) string {
	t.Helper()
	client := c.Client().CoreV1().Namespaces()
	ns, err := client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "e2e-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, func(ctx context.Context) error {
		if err := client.Delete(ctx, ns.Name, metav1.DeleteOptions{}); err != nil {
			return err
		}
		return wait.PollUntilContextCancel(ctx, 50*time.Millisecond, true, func(ctx context.Context) (bool, error) {
			_, err := client.Get(ctx, ns.Name, metav1.GetOptions{})
			if apierrors.IsNotFound(err) {
				return true, nil
			}
			return false, err
		})
	})
	await(t, "the namespace's service account", func(ctx context.Context) (bool, error) {
		_, err := c.Client().CoreV1().ServiceAccounts(ns.Name).Get(ctx, "default", metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return err == nil, err
	})
	return ns.Name
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
	if err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, time.Minute, true, condition); err != nil {
		t.Fatalf("wait for %s: %v", what, err)
	}
}
