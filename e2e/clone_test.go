// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/moorage"
	"github.com/moorage-k8s/moorage/e2e/zones"
)

// A claim is cloned from one whose disk is in zone-a, by a driver of which the catalog knows that it clones inside a zone, and everything else draws its pod to
// zone-b. kube-scheduler sends it there, where the clone is refused, again and again; with moorage it runs where its source is.
func TestACloneIsMadeWhereItsSourceIs(t *testing.T) {
	c := control(t)
	nodes := pairsOfNodes(t, c, "zone-a", "zone-b")
	zonalStorage(t, nodes, zones.StorageOptions{Driver: "disk.csi.azure.com", NoCapacity: true}, "zonal")
	start := func(t *testing.T) string {
		ns := namespace(t, c)
		createClaim(t, c, ns, "source", "zonal", "1Gi")
		createPodWith(t, c, ns, "first", inZone("zone-a"), "source")
		awaitRunning(t, c, ns, "first")
		cloneClaim(t, c, ns, "clone", "source")
		createPodWith(t, c, ns, "second", preferring("node-zone-b-0"), "clone")
		return ns
	}

	t.Run("without moorage the clone is not made", func(t *testing.T) {
		startScheduler(t, c, "")
		ns := start(t)
		t.Log(awaitEvent(t, c, ns, "ProvisioningFailed", "clone", "the clone is to be in zone-b, and volume"))
		if pod := getPod(t, c, ns, "second"); pod.Spec.NodeName != "" {
			t.Errorf("the pod is on %s", pod.Spec.NodeName)
		}
		claim, err := c.Client().CoreV1().PersistentVolumeClaims(ns).Get(t.Context(), "clone", metav1.GetOptions{})
		if err != nil || claim.Status.Phase == corev1.ClaimBound {
			t.Errorf("the clone is %s, want it pending: %v", claim.Status.Phase, err)
		}
	})

	t.Run("with moorage it is", func(t *testing.T) {
		m := startMoorage(t, c, moorage.Options{NoWebhook: true})
		startScheduler(t, c, m.ExtenderURL)
		ns := start(t)
		if pod := awaitRunning(t, c, ns, "second"); nodes.ZoneOf(pod.Spec.NodeName) != "zone-a" {
			t.Errorf("the pod runs on %s, and the source of its volume is in zone-a", pod.Spec.NodeName)
		}
		if failed, err := events(t.Context(), c, ns, "ProvisioningFailed", "clone"); err != nil || len(failed) > 0 {
			t.Errorf("provisioning was tried where it fails: %q, %v", failed, err)
		}
	})
}

// cloneClaim makes a claim of the class and the size of its source.
func cloneClaim(t *testing.T, c *controlplane.ControlPlane, ns, name, source string) {
	t.Helper()
	class := "zonal"
	_, err := c.Client().CoreV1().PersistentVolumeClaims(ns).Create(t.Context(), &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.PersistentVolumeClaimSpec{
			StorageClassName: &class, AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			DataSource: &corev1.TypedLocalObjectReference{Kind: "PersistentVolumeClaim", Name: source},
			Resources:  corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}
