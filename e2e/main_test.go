// SPDX-License-Identifier: Apache-2.0

// Package e2e holds the end-to-end suites: what moorage promises to a user, on a real control plane.
//
// All tests of the package share one control plane, which is started for the first that asks for it. Each has nodes, storage,
// namespace and scheduler of its own and takes them away again. The first run builds the control plane's programs, which takes longer than the
// ten minutes that go test allows by default: build them beforehand with `go run ./cmd/controlplane build`.
package e2e

import (
	"context"
	"errors"
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

// pollInterval is how often a condition is looked at.
const pollInterval = 50 * time.Millisecond

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

// namespace makes a namespace for the test. It is emptied before what the test set up earlier is taken away, and then deleted, for which
// nobody waits: the controller that does it takes its time.
func namespace(t *testing.T, c *controlplane.ControlPlane) string {
	t.Helper()
	client := c.Client().CoreV1().Namespaces()
	ns, err := client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "e2e-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, func(ctx context.Context) error {
		if err := empty(ctx, c, ns.Name); err != nil {
			return err
		}
		return client.Delete(ctx, ns.Name, metav1.DeleteOptions{})
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

// empty deletes workloads, pods and claims. The namespace's own deletion would do so too, but it starts after five seconds and
// comes back to objects with a grace period or a finalizer after many more.
func empty(ctx context.Context, c *controlplane.ControlPlane, ns string) error {
	client, now, all := c.Client(), int64(0), metav1.ListOptions{}
	background := metav1.DeletePropagationBackground
	options := metav1.DeleteOptions{PropagationPolicy: &background, GracePeriodSeconds: &now}
	err := errors.Join(
		client.AppsV1().StatefulSets(ns).DeleteCollection(ctx, options, all),
		client.AppsV1().Deployments(ns).DeleteCollection(ctx, options, all),
		client.BatchV1().Jobs(ns).DeleteCollection(ctx, options, all),
	)
	if err != nil {
		return fmt.Errorf("delete the workloads of namespace %s: %w", ns, err)
	}
	return wait.PollUntilContextCancel(ctx, pollInterval, true, func(ctx context.Context) (bool, error) {
		err := errors.Join(
			client.CoreV1().Pods(ns).DeleteCollection(ctx, options, all),
			client.CoreV1().PersistentVolumeClaims(ns).DeleteCollection(ctx, options, all),
		)
		if err != nil {
			return false, err
		}
		pods, err := client.CoreV1().Pods(ns).List(ctx, all)
		if err != nil {
			return false, err
		}
		claims, err := client.CoreV1().PersistentVolumeClaims(ns).List(ctx, all)
		return err == nil && len(pods.Items)+len(claims.Items) == 0, err
	})
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
