// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/e2e/moorage"
	"github.com/moorage-k8s/moorage/e2e/zones"
)

// labelMissing is the reason that a user reads on a pod for whose volume the node has no place.
const labelMissing = "node(s) lack a topology label that the CSI driver needs to provision a volume"

// The driver is on both nodes, but the one that the pod prefers has lost the label that says in which segment it is. The provisioner cannot
// make a volume for it, and kube-scheduler does not look.
func TestNoPodIsGivenToANodeWithoutTheTopologyLabel(t *testing.T) {
	c := control(t)
	nodes := pairsOfNodes(t, c, "zone-a")
	storage := zonalStorage(t, nodes, zones.StorageOptions{NoCapacity: true}, "zonal")
	bare, labelled := nodes.Names()[0], nodes.Names()[1]
	if err := nodes.Update(t.Context(), bare, func(node *corev1.Node) { delete(node.Labels, storage.TopologyKey()) }); err != nil {
		t.Fatal(err)
	}

	t.Run("without moorage the volume is not made", func(t *testing.T) {
		startScheduler(t, c, "")
		ns := namespace(t, c)
		createClaim(t, c, ns, "data", "zonal", "1Gi")
		createPodWith(t, c, ns, "db", preferring(bare), "data")
		t.Log(awaitEvent(t, c, ns, "ProvisioningFailed", "data", "topology labels from selected node"))
		pendingWithoutVolume(t, c, ns, "db", "data")
	})

	m := startMoorage(t, c, moorage.Options{NoWebhook: true})
	startScheduler(t, c, m.ExtenderURL)

	t.Run("with moorage the pod is where the volume can be", func(t *testing.T) {
		ns := namespace(t, c)
		createClaim(t, c, ns, "data", "zonal", "1Gi")
		createPodWith(t, c, ns, "db", preferring(bare), "data")
		if pod := awaitRunning(t, c, ns, "db"); pod.Spec.NodeName != labelled {
			t.Errorf("the pod is on %s, want it on %s, the only node with the label", pod.Spec.NodeName, labelled)
		}
	})

	t.Run("with moorage the pod waits until the label is there", func(t *testing.T) {
		ns := namespace(t, c)
		createClaim(t, c, ns, "data", "zonal", "1Gi")
		createPodWith(t, c, ns, "db", onNode(bare), "data")
		awaitUnschedulable(t, c, ns, "db", "1 "+labelMissing)
		awaitWoken(t, c, ns, "db", func() error {
			return nodes.Update(t.Context(), bare, func(node *corev1.Node) { node.Labels[storage.TopologyKey()] = "zone-a" })
		})
	})
}
