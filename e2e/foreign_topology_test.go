// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/moorage-k8s/moorage/e2e/moorage"
	"github.com/moorage-k8s/moorage/e2e/zones"
)

// foreignTopology is the reason that a user reads on a pod whose class allows by a label that is no key of its driver.
const foreignTopology = "node(s) are allowed by a class through labels by which its CSI driver does not provision"

// The class allows a zone by the label that every node carries, and its driver knows zones by a key of its own. kube-scheduler is content, and the
// provisioner, which runs with --strict-topology here, is not, for ever.
func TestNoPodIsSentWhereTheClassAllowsByAnotherLabel(t *testing.T) {
	c := control(t)
	nodes := pairsOfNodes(t, c, "zone-a")
	storage := zonalStorage(t, nodes, zones.StorageOptions{NoCapacity: true}, "zonal")
	allowing := func(name, key string) {
		_, err := storage.AddClass(t.Context(), name, func(class *storagev1.StorageClass) {
			class.AllowedTopologies = []corev1.TopologySelectorTerm{{
				MatchLabelExpressions: []corev1.TopologySelectorLabelRequirement{{Key: key, Values: []string{"zone-a"}}},
			}}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	allowing("by-zone", corev1.LabelTopologyZone)
	allowing("by-key", storage.TopologyKey())

	t.Run("without moorage the volume is not made", func(t *testing.T) {
		startScheduler(t, c, "")
		ns := namespace(t, c)
		createClaim(t, c, ns, "data", "by-zone", "1Gi")
		createPod(t, c, ns, "db", "data")
		t.Log(awaitEvent(t, c, ns, "ProvisioningFailed", "data", "is not in allowed topologies"))
		pendingWithoutVolume(t, c, ns, "db", "data")
	})

	m := startMoorage(t, c, moorage.Options{NoWebhook: true})
	startScheduler(t, c, m.ExtenderURL)

	t.Run("with moorage the pod says why it waits", func(t *testing.T) {
		ns := namespace(t, c)
		createClaim(t, c, ns, "data", "by-zone", "1Gi")
		createPod(t, c, ns, "db", "data")
		awaitUnschedulable(t, c, ns, "db", "2 "+foreignTopology)
	})

	t.Run("by the driver's own key the volume is made", func(t *testing.T) {
		ns := namespace(t, c)
		createClaim(t, c, ns, "data", "by-key", "1Gi")
		createPod(t, c, ns, "db", "data")
		awaitRunning(t, c, ns, "db")
	})
}
