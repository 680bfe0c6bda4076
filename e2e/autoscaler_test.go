// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/moorage-k8s/moorage/e2e/chart"
	"github.com/moorage-k8s/moorage/e2e/moorage"
	"github.com/moorage-k8s/moorage/e2e/zones"
)

// autoscalerOptions are a configuration with all that is written for autoscalers, and the rights that the chart gives for it.
func autoscalerOptions() moorage.Options {
	return moorage.Options{
		Config: "apiVersion: moorage.dev/v1alpha1\nkind: MoorageConfiguration\nautoscaler: {events: true, templateCapacity: {namespace: moorage, lease: moorage-template-capacity}}\n",
		Rights: func(map[string]any, bool) ([]*unstructured.Unstructured, error) {
			rendered, err := chart.Render(chart.Options{Values: map[string]any{
				"scheduler":  map[string]any{"mode": "existing", "existing": map[string]any{"via": "Service", "service": map[string]any{"secretName": "tls"}}},
				"tls":        map[string]any{"mode": "secret", "secret": map[string]any{"name": "in-a-file"}},
				"autoscaler": map[string]any{"events": true, "templateCapacity": map[string]any{"enabled": true}},
			}})
			if err != nil {
				return nil, err
			}
			all, err := rendered.Objects()
			var out []*unstructured.Unstructured
			for _, o := range all {
				switch o.GetKind() {
				case "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "Lease":
					if !chart.IsHook(o) {
						out = append(out, o)
					}
				}
			}
			return out, err
		},
	}
}

// With the chart's rights for it and no others, moorage publishes the room of a new node of a group, which is no pool of its own and goes with the Lease that owns
// it; and it tells of a pod that it alone has held back for two minutes, once.
func TestWhatIsWrittenForAutoscalers(t *testing.T) {
	c := control(t)
	const group = "eks.amazonaws.com/nodegroup"
	nodes := pairsOfNodes(t, c, "zone-a")
	for _, name := range nodes.Names() {
		if err := nodes.Update(t.Context(), name, func(node *corev1.Node) { node.Labels[group] = "storage" }); err != nil {
			t.Fatal(err)
		}
	}
	zonalStorage(t, nodes, zones.StorageOptions{PerNode: true, PoolSize: 10 * gib}, "zonal")
	moorageNamespace(t, c)
	m, err := moorage.Start(t.Context(), c, autoscalerOptions())
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, m.Stop)
	startScheduler(t, c, m.ExtenderURL)
	ns := namespace(t, c)
	createPodOfTwoClaims(t, c, ns, "db")
	awaitUnschedulable(t, c, ns, "db", "2 "+jointlyFull)
	since := time.Now()

	var published *storagev1.CSIStorageCapacity
	within(t, time.Minute, "the room of a new node to be published", func(ctx context.Context) (bool, error) {
		list, listErr := c.Client().StorageV1().CSIStorageCapacities("moorage").List(ctx, metav1.ListOptions{LabelSelector: "moorage.dev/template-capacity"})
		if listErr != nil || len(list.Items) != 1 {
			return false, listErr
		}
		published = &list.Items[0]
		return true, nil
	})
	if got := published.Capacity.Value(); published.StorageClassName != "zonal" || got != 10*gib || published.NodeTopology.MatchLabels[group] != "storage" {
		t.Errorf("published %s of class %s for %v, want 10 GiB of class zonal for the group", published.Capacity, published.StorageClassName, published.NodeTopology)
	}
	if owners := published.OwnerReferences; len(owners) != 1 || owners[0].Kind != "Lease" || owners[0].UID == "" {
		t.Errorf("it is owned by %+v", owners)
	}

	const reason = "HeldBackByMoorage"
	within(t, 4*time.Minute, "an event about the pod", func(ctx context.Context) (bool, error) {
		messages, listErr := events(ctx, c, ns, reason, "db")
		if listErr != nil || len(messages) == 0 {
			return false, listErr
		}
		if !strings.Contains(messages[0], jointlyFull+" (JointCapacity)") || !strings.Contains(messages[0], "moorage explain pod db -n "+ns+" --autoscaler") {
			t.Errorf("it says %q", messages[0])
		}
		return true, nil
	})
	if waited := time.Since(since); waited < 110*time.Second {
		t.Errorf("it came after %s, want it after two minutes", waited.Round(time.Second))
	}

	// The Lease goes with the option, as Helm has it, and the garbage collector takes what it owns.
	if err = c.Client().CoordinationV1().Leases("moorage").Delete(t.Context(), "moorage-template-capacity", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	within(t, 2*time.Minute, "what was published to go", func(ctx context.Context) (bool, error) {
		_, getErr := c.Client().StorageV1().CSIStorageCapacities("moorage").Get(ctx, published.Name, metav1.GetOptions{})
		return apierrors.IsNotFound(getErr), ignoreNotFound(getErr)
	})
	if messages, listErr := events(t.Context(), c, ns, reason, "db"); listErr != nil || len(messages) != 1 {
		t.Errorf("%d events (%v), want one in half an hour", len(messages), listErr)
	}
}

// within waits longer than await does: what is waited for takes minutes by design.
func within(t *testing.T, limit time.Duration, what string, condition wait.ConditionWithContextFunc) {
	t.Helper()
	if err := wait.PollUntilContextTimeout(t.Context(), pollInterval, limit, true, condition); err != nil {
		t.Fatalf("wait for %s: %v", what, err)
	}
}
