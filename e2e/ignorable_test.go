// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"testing"

	"github.com/moorage-k8s/moorage/e2e/moorage"
	"github.com/moorage-k8s/moorage/e2e/zones"
)

// Whatever happens to moorage, kube-scheduler goes on, and listens to it again as soon as it can answer. Each part continues with the
// state that the one before leaves.
func TestSchedulingGoesOnWithoutMoorage(t *testing.T) {
	c := control(t)
	nodes := zonalNodes(t, c)
	zonalStorage(t, nodes, zones.StorageOptions{PoolSize: 10 * gib}, "zonal")
	m := startMoorage(t, c, moorage.Options{NoWebhook: true})
	startScheduler(t, c, m.ExtenderURL)
	ns := namespace(t, c)
	// judged makes a pod that only moorage refuses, waits for the refusal, and takes the pod away: without moorage it would be scheduled.
	judged := func(pod string) {
		t.Helper()
		createPodOfTwoClaims(t, c, ns, pod)
		awaitUnschedulable(t, c, ns, pod, jointlyFull)
		deletePod(t, c, ns, pod)
	}
	runs := func(pod string) {
		t.Helper()
		createClaim(t, c, ns, pod, "zonal", "1Gi")
		createPod(t, c, ns, pod, pod)
		awaitRunning(t, c, ns, pod)
	}

	judged("before")

	if err := m.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	runs("moorage-is-gone")

	// A moorage that may not read the cluster is up, but has nothing to decide on, and says so.
	if err := m.Revoke(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.Restart(); err != nil {
		t.Fatal(err)
	}
	await(t, "moorage to say that it has not read the cluster", func(ctx context.Context) (bool, error) {
		status, body, err := get(ctx, m.MetricsURL+"/readyz")
		return err == nil && status == 503 && body != "", nil //nolint:nilerr // not listening yet: the next round asks again
	})
	runs("moorage-is-not-ready")
	if got := count(t, m, `moorage_extender_requests_total{code="200",verb="filter"}`); got == 0 {
		t.Error("kube-scheduler did not ask moorage about the pod, so this shows nothing")
	}
	if got := count(t, m, `moorage_extender_nodes_total{verdict="passed"}`); got != 0 {
		t.Errorf("moorage judged %g nodes without having read the cluster", got)
	}

	if err := m.Grant(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.AwaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	judged("after")
}
