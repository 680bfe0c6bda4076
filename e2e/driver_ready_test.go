// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/moorage"
	"github.com/moorage-k8s/moorage/e2e/zones"
)

// driverMissing is the reason that a user reads on a pod whose volume's driver is not on the node.
const driverMissing = "node(s) have not registered a CSI driver that a volume needs, as other nodes have"

// Two nodes in one zone, and the driver is not on the one that the pod prefers: a new node, or one on which the driver is being replaced.
// kube-scheduler does not look.
func TestNoPodIsGivenToANodeWithoutTheDriver(t *testing.T) {
	c := control(t)
	nodes := pairsOfNodes(t, c, "zone-a")
	storage := zonalStorage(t, nodes, zones.StorageOptions{Attacher: true, NoCapacity: true}, "attached")
	bare, equipped := nodes.Names()[0], nodes.Names()[1]

	// bound makes a claim with a volume that no pod uses any more.
	bound := func(t *testing.T) (ns string) {
		t.Helper()
		ns = namespace(t, c)
		createClaim(t, c, ns, "data", "attached", "1Gi")
		createPodWith(t, c, ns, "first", onNode(equipped), "data")
		awaitRunning(t, c, ns, "first")
		deletePod(t, c, ns, "first")
		return ns
	}
	unbound := func(t *testing.T) (ns string) {
		t.Helper()
		ns = namespace(t, c)
		createClaim(t, c, ns, "data", "attached", "1Gi")
		return ns
	}
	// The label of the zone stays, as it does on a real node: only the CSINode says that the driver is gone.
	unregister := func(t *testing.T) {
		t.Helper()
		if err := storage.Unregister(t.Context(), bare); err != nil {
			t.Fatal(err)
		}
	}
	unregister(t)

	t.Run("without moorage", func(t *testing.T) {
		startScheduler(t, c, "")
		t.Run("a volume is not made", func(t *testing.T) {
			ns := unbound(t)
			createPodWith(t, c, ns, "db", preferring(bare), "data")
			t.Log(awaitEvent(t, c, ns, "ProvisioningFailed", "data", "no topology key found for node "+bare))
			pendingWithoutVolume(t, c, ns, "db", "data")
		})
		t.Run("a volume that exists is not attached", func(t *testing.T) {
			ns := bound(t)
			createPodWith(t, c, ns, "db", preferring(bare), "data")
			if stuck := awaitRunning(t, c, ns, "db"); stuck.Spec.NodeName != bare {
				t.Fatalf("the pod is on %s, so this shows nothing", stuck.Spec.NodeName)
			}
			t.Log(awaitEvent(t, c, ns, "FailedAttachVolume", "db", "CSINode "+bare+" does not contain driver "+storage.Driver.Name()))

			// The driver was all that was missing.
			if err := storage.Register(t.Context(), bare); err != nil {
				t.Fatal(err)
			}
			awaitAttached(t, c, storage, ns, "data", bare)
			unregister(t)
		})
	})

	m := startMoorage(t, c, moorage.Options{NoWebhook: true})
	startScheduler(t, c, m.ExtenderURL)

	for name, claim := range map[string]func(*testing.T) string{"a volume is made": unbound, "a volume that exists is attached": bound} {
		t.Run("with moorage "+name+" where the driver is", func(t *testing.T) {
			ns := claim(t)
			createPodWith(t, c, ns, "db", preferring(bare), "data")
			if pod := awaitRunning(t, c, ns, "db"); pod.Spec.NodeName != equipped {
				t.Errorf("the pod is on %s, want it on %s, the only node with the driver", pod.Spec.NodeName, equipped)
			}
			awaitAttached(t, c, storage, ns, "data", equipped)
		})
	}

	t.Run("with moorage the pod waits until the driver is there", func(t *testing.T) {
		ns := unbound(t)
		createPodWith(t, c, ns, "db", onNode(bare), "data")
		awaitUnschedulable(t, c, ns, "db", "1 "+driverMissing)
		awaitWoken(t, c, ns, "db", func() error { return storage.Register(t.Context(), bare) })
		awaitAttached(t, c, storage, ns, "data", bare)
	})
}

// pendingWithoutVolume checks that a pod has no node and its claim no volume.
func pendingWithoutVolume(t *testing.T, c *controlplane.ControlPlane, ns, pod, claim string) {
	t.Helper()
	if p := getPod(t, c, ns, pod); p.Spec.NodeName != "" {
		t.Errorf("pod %s is on %s", pod, p.Spec.NodeName)
	}
	if bound, _ := claimsByPhase(t.Context(), t, c, ns); len(bound) > 0 {
		t.Errorf("claim %s is %s, want it pending", claim, corev1.ClaimBound)
	}
}
