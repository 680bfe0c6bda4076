// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/zones"
)

// wokenWithin bounds the time from the end of what held a pod back to its placement: kube-scheduler's longest backoff and some room, and far
// from the five minutes after which it looks at every pod again.
const wokenWithin = 15 * time.Second

// pairsOfNodes makes two nodes in each of the zones.
func pairsOfNodes(t *testing.T, c *controlplane.ControlPlane, names ...string) *zones.Nodes {
	t.Helper()
	nodes, err := zones.AddNodes(t.Context(), c, zones.Options{Zones: names})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, nodes.Remove)
	return nodes
}

// inZone has a pod run in a zone, and onNode on a node.
func inZone(zone string) func(*corev1.Pod) { return selecting(corev1.LabelTopologyZone, zone) }

func onNode(node string) func(*corev1.Pod) { return selecting(corev1.LabelHostname, node) }

func selecting(label, value string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) { pod.Spec.NodeSelector = map[string]string{label: value} }
}

// preferring has a pod rather be on a node than anywhere else, by more than all else that kube-scheduler weighs.
func preferring(node string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		pod.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
			PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{{
				Weight: 100,
				Preference: corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{
					{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{node}},
				}},
			}},
		}}
	}
}

// awaitAttached waits until the driver has the claim's volume attached to the node and to no other, and the attach-detach controller knows.
func awaitAttached(t *testing.T, c *controlplane.ControlPlane, storage *zones.Storage, ns, claim, node string) {
	t.Helper()
	volume := boundVolume(t, c, ns, claim)
	await(t, "the volume of claim "+claim+" to be attached to "+node+" alone", func(ctx context.Context) (bool, error) {
		if !slices.Equal(storage.AttachedTo(volume.Spec.CSI.VolumeHandle), []string{node}) {
			return false, nil
		}
		n, err := c.Client().CoreV1().Nodes().Get(ctx, node, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		return slices.ContainsFunc(n.Status.VolumesAttached, func(a corev1.AttachedVolume) bool { return a.Name == uniqueName(volume) }), nil
	})
}

// uniqueName is what kubelets and the attach-detach controller call a CSI volume.
func uniqueName(volume *corev1.PersistentVolume) corev1.UniqueVolumeName {
	return corev1.UniqueVolumeName("kubernetes.io/csi/" + volume.Spec.CSI.Driver + "^" + volume.Spec.CSI.VolumeHandle)
}

// awaitWoken ends what holds a pending pod back, and returns the pod when it runs. It must be placed soon after: by the event, not when
// kube-scheduler next looks at all pods.
func awaitWoken(t *testing.T, c *controlplane.ControlPlane, ns, name string, endCause func() error) *corev1.Pod {
	t.Helper()
	if pod := getPod(t, c, ns, name); pod.Spec.NodeName != "" {
		t.Fatalf("pod %s is on %s already", name, pod.Spec.NodeName)
	}
	ended := time.Now()
	if err := endCause(); err != nil {
		t.Fatal(err)
	}
	await(t, "pod "+name+" to be placed", func(ctx context.Context) (bool, error) {
		pod, err := c.Client().CoreV1().Pods(ns).Get(ctx, name, metav1.GetOptions{})
		return err == nil && pod.Spec.NodeName != "", err
	})
	took := time.Since(ended)
	t.Logf("pod %s was placed %.2f s after what held it back had ended", name, took.Seconds())
	if took > wokenWithin {
		t.Errorf("pod %s was placed %s after what held it back had ended, want it woken by the event, within %s", name, took, wokenWithin)
	}
	return awaitRunning(t, c, ns, name)
}
