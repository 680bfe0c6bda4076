// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/moorage"
	"github.com/moorage-k8s/moorage/e2e/zones"
	"github.com/moorage-k8s/moorage/internal/output"
)

// storeManifest is four replicas of 12 GiB in two claims each.
const storeManifest = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store}
spec:
  replicas: 4
  podManagementPolicy: Parallel
  serviceName: store
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec: {containers: [{name: main, image: example.com/none}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {storageClassName: zonal, accessModes: [ReadWriteOnce], resources: {requests: {storage: 6Gi}}}
  - metadata: {name: wal}
    spec: {storageClassName: zonal, accessModes: [ReadWriteOnce], resources: {requests: {storage: 6Gi}}}
`

// What simulate says of a StatefulSet before it is created, the cluster then does: how many replicas find a place, in which
// zones, and how much room is left.
func TestSimulateForetellsTheCluster(t *testing.T) {
	c := control(t)
	nodes := zonalNodes(t, c)
	storage := zonalStorage(t, nodes, zones.StorageOptions{PoolSize: 25 * gib, Pools: map[string]int64{"zone-b": 13 * gib, "zone-c": 11 * gib}}, "zonal")
	m := startMoorage(t, c, moorage.Options{NoWebhook: true})
	startScheduler(t, c, m.ExtenderURL)
	ns := namespace(t, c)

	result, status := simulated(t, m, ns, storeManifest)
	want := map[string]int{"zone-a": 2, "zone-b": 1}
	foretold := map[string]int{}
	for _, zone := range result.Zones {
		foretold[zone.Zone] = zone.Pods
	}
	if diff := cmp.Diff(want, foretold); diff != "" || result.Fits || status != 1 {
		t.Errorf("simulate ends with status %d, fits=%t, and pods by zone (-want +got):\n%s", status, result.Fits, diff)
	}

	var set appsv1.StatefulSet
	if err := yaml.UnmarshalStrict([]byte(storeManifest), &set); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Client().AppsV1().StatefulSets(ns).Create(t.Context(), &set, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	await(t, "three replicas to run and the fourth to be refused", func(ctx context.Context) (bool, error) {
		pods, err := c.Client().CoreV1().Pods(ns).List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, err
		}
		landed, waiting := map[string]int{}, ""
		for i := range pods.Items {
			if node := pods.Items[i].Spec.NodeName; node != "" {
				landed[nodes.ZoneOf(node)]++
			} else {
				waiting = pods.Items[i].Name
			}
		}
		if !maps.Equal(foretold, landed) || len(pods.Items) != 4 {
			return false, nil
		}
		return len(unschedulable(ctx, t, c, ns, waiting)) > 0, nil
	})
	after := map[string]int64{}
	for _, pool := range result.Pools {
		after[strings.TrimPrefix(pool.Where, "in ")] = pool.After
	}
	for zone, pool := range storage.Driver.Pools() {
		if left, told := after[zone]; told && pool.Free() != left {
			t.Errorf("the pool of %s has %d bytes left, and simulate foretold %d", zone, pool.Free(), left)
		}
	}
	if len(after) != 2 {
		t.Errorf("simulate foretold the room in %v, want that of two pools", after)
	}
}

// simulated runs the command as a user would, with the rights that moorage has.
func simulated(t *testing.T, m *moorage.Moorage, ns, manifest string) (*output.Simulation, int) {
	t.Helper()
	program, err := binaries.Builder{}.Moorage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "workload.yaml")
	if err := os.WriteFile(file, []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr strings.Builder
	cmd := exec.CommandContext(t.Context(), program, "simulate", "-f", file, "-n", ns, "-o", "json", "--kubeconfig", m.Kubeconfig)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, stderr.String())
	}
	var result output.Simulation
	if err := json.Unmarshal([]byte(stdout.String()), &result); err != nil {
		t.Fatalf("%v printed %q: %v", cmd.Args, stdout.String(), err)
	}
	return &result, cmd.ProcessState.ExitCode()
}
