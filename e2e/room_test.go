// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/moorage"
	"github.com/moorage-k8s/moorage/e2e/zones"
)

// Two claims of 6 GiB, and pools of 10 GiB: each claim fits every pool, both fit none. kube-scheduler looks at each claim alone.
func TestPoolsWithoutRoomGetNoPod(t *testing.T) {
	c := control(t)
	nodes := zonalNodes(t, c)

	// What moorage is for: the first volume is made, the second can never be, and the first ties the pod to its zone.
	t.Run("without moorage one volume is made and the pod is stuck", func(t *testing.T) {
		storage := zonalStorage(t, nodes, zones.StorageOptions{PoolSize: 10 * gib}, "zonal")
		startScheduler(t, c, "")
		ns := namespace(t, c)
		createPodOfTwoClaims(t, c, ns, "db")

		await(t, "one claim to be bound and the other to have failed", func(ctx context.Context) (bool, error) {
			bound, pending := claimsByPhase(ctx, t, c, ns)
			return len(bound) == 1 && len(pending) == 1 && len(storage.Driver.OverCommits()) > 0, nil
		})
		// The pool of the volume has 4 GiB left, and the other zones cannot reach the volume.
		awaitUnschedulable(t, c, ns, "db", "2 node(s) did not have enough free storage, 4 node(s) didn't match PersistentVolume's node affinity")
		if pod := getPod(t, c, ns, "db"); pod.Spec.NodeName != "" {
			t.Errorf("the pod is on %s, where one of its volumes cannot be", pod.Spec.NodeName)
		}
	})

	m := startMoorage(t, c, moorage.Options{})
	startScheduler(t, c, m.ExtenderURL)

	t.Run("with moorage the pod waits until a pool has room for both", func(t *testing.T) {
		storage := zonalStorage(t, nodes, zones.StorageOptions{PoolSize: 10 * gib}, "zonal")
		ns := namespace(t, c)
		createPodOfTwoClaims(t, c, ns, "db")

		awaitUnschedulable(t, c, ns, "db", "0/6 nodes are available: 6 "+jointlyFull)
		if bound, pending := claimsByPhase(t.Context(), t, c, ns); len(bound) != 0 || len(pending) != 2 {
			t.Errorf("claims %v are bound and %v are not, want no volume made for a pod that cannot run", bound, pending)
		}
		if got := storage.Driver.Volumes(); len(got) > 0 {
			t.Errorf("the driver made %v", got)
		}
		if got := count(t, m, `moorage_extender_rejections_total{predicate="JointCapacity",reason="`+jointlyFull+`"}`); got < 6 {
			t.Errorf("moorage counted %g rejected nodes, want at least 6", got)
		}

		// The new capacity wakes the pod: left alone, kube-scheduler would come back to it after five minutes.
		pod := awaitWoken(t, c, ns, "db", func() error {
			storage.Driver.ResizePool("zone-b", 13*gib)
			return nil
		})
		if zone := nodes.ZoneOf(pod.Spec.NodeName); zone != "zone-b" {
			t.Errorf("the pod is in %s, want it in zone-b, whose pool was enlarged", zone)
		}
		if got := storage.Driver.Pools()["zone-b"].Used; got != 12*gib {
			t.Errorf("%d bytes of the pool in zone-b are used, want 12 GiB", got)
		}
		if got := storage.Driver.OverCommits(); len(got) > 0 {
			t.Errorf("the driver was asked for more than it has: %v", got)
		}
	})

	t.Run("with moorage the pod lands at once in the one zone with room", func(t *testing.T) {
		storage := zonalStorage(t, nodes, zones.StorageOptions{PoolSize: 10 * gib, Pools: map[string]int64{"zone-c": 13 * gib}}, "zonal")
		ns := namespace(t, c)
		createPodOfTwoClaims(t, c, ns, "db")

		pod := awaitRunning(t, c, ns, "db")
		if zone := nodes.ZoneOf(pod.Spec.NodeName); zone != "zone-c" {
			t.Errorf("the pod is in %s, want it in zone-c, the only one with room for both claims", zone)
		}
		if got := storage.Driver.OverCommits(); len(got) > 0 {
			t.Errorf("the driver was asked for more than it has: %v", got)
		}
		if got := unschedulable(t.Context(), t, c, ns, "db"); len(got) > 0 {
			t.Errorf("the pod was not scheduled at the first attempt: %v", got)
		}
	})
}

// createPodOfTwoClaims makes a pod with the claims <pod>-data and <pod>-logs of the class zonal, 6 GiB each.
func createPodOfTwoClaims(t *testing.T, c *controlplane.ControlPlane, ns, pod string) {
	t.Helper()
	createClaim(t, c, ns, pod+"-data", "zonal", "6Gi")
	createClaim(t, c, ns, pod+"-logs", "zonal", "6Gi")
	createPod(t, c, ns, pod, pod+"-data", pod+"-logs")
}

func getPod(t *testing.T, c *controlplane.ControlPlane, ns, name string) *corev1.Pod {
	t.Helper()
	pod, err := c.Client().CoreV1().Pods(ns).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return pod
}

// claimsByPhase returns the names of the claims that are bound and of those that are not.
func claimsByPhase(ctx context.Context, t *testing.T, c *controlplane.ControlPlane, ns string) (bound, pending []string) {
	t.Helper()
	claims, err := c.Client().CoreV1().PersistentVolumeClaims(ns).List(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range claims.Items {
		claim := &claims.Items[i]
		if claim.Status.Phase == corev1.ClaimBound {
			bound = append(bound, claim.Name)
		} else {
			pending = append(pending, claim.Name)
		}
	}
	return bound, pending
}
