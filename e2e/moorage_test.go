// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	"github.com/moorage-k8s/moorage/e2e/chart"
	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/moorage"
	"github.com/moorage-k8s/moorage/e2e/process"
	"github.com/moorage-k8s/moorage/e2e/zones"
)

// jointlyFull is the reason that a user reads on a pod whose claims fit a pool one by one, but not together.
const jointlyFull = "node(s) did not have enough free storage for all claims of the pod together"

// startMoorage runs moorage until the test ends.
func startMoorage(t *testing.T, c *controlplane.ControlPlane, options moorage.Options) *moorage.Moorage {
	t.Helper()
	options.Rights = chart.MoorageRights
	m, err := moorage.Start(t.Context(), c, options)
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, m.Stop)
	return m
}

// startScheduler runs kube-scheduler until the test ends, with the extender at the URL, or without one if that is empty.
func startScheduler(t *testing.T, c *controlplane.ControlPlane, extenderURL string) *process.Process {
	t.Helper()
	scheduler, err := c.StartScheduler(t.Context(), controlplane.SchedulerOptions{ExtenderURL: extenderURL})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, scheduler.Stop)
	return scheduler
}

// zonalNodes makes two nodes in each of zone-a, zone-b and zone-c.
func zonalNodes(t *testing.T, c *controlplane.ControlPlane) *zones.Nodes {
	t.Helper()
	nodes, err := zones.AddNodes(t.Context(), c, zones.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, nodes.Remove)
	return nodes
}

// zonalStorage gives the nodes storage and classes that wait for the first consumer, with their capacities published.
func zonalStorage(t *testing.T, nodes *zones.Nodes, options zones.StorageOptions, classes ...string) *zones.Storage {
	t.Helper()
	storage, err := nodes.AddStorage(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, storage.Remove)
	for _, class := range classes {
		if _, err = storage.AddClass(t.Context(), class, nil); err != nil {
			t.Fatal(err)
		}
	}
	return storage
}

// count returns the value of a series of moorage's metrics.
func count(t *testing.T, m *moorage.Moorage, series string) float64 {
	t.Helper()
	n, err := m.Count(t.Context(), series)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// With moorage's own rights, which are to read what its cache holds, it becomes ready and the API server asks it.
func TestMoorageStarts(t *testing.T) {
	startMoorage(t, control(t), moorage.Options{})
}
