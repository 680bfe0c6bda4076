// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/moorage-k8s/moorage/e2e/moorage"
	"github.com/moorage-k8s/moorage/e2e/zones"
)

// inUseElsewhere is the reason that a user reads on a pod whose volume another node has.
const inUseElsewhere = "node(s) cannot attach a ReadWriteOnce volume that a pod on another node is using"

// A ReadWriteOnce volume that a pod uses, and a second pod for it, as a rolling update of a Deployment makes one. The volume can be attached to one
// node alone, and kube-scheduler does not look.
func TestNoPodWaitsForAVolumeThatAnotherNodeHas(t *testing.T) {
	c := control(t)
	nodes := pairsOfNodes(t, c, "zone-a")
	storage := zonalStorage(t, nodes, zones.StorageOptions{Attacher: true}, "attached")

	// first makes a claim and a pod with it, and returns when the pod runs and has its volume.
	first := func(t *testing.T) (ns string, pod *corev1.Pod) {
		t.Helper()
		ns = namespace(t, c)
		createClaim(t, c, ns, "data", "attached", "1Gi")
		createPodWith(t, c, ns, "first", busy, "data")
		pod = awaitRunning(t, c, ns, "first")
		awaitAttached(t, c, storage, ns, "data", pod.Spec.NodeName)
		return ns, pod
	}

	t.Run("without moorage the second pod gets a node and never its volume", func(t *testing.T) {
		startScheduler(t, c, "")
		ns, running := first(t)
		createPodWith(t, c, ns, "second", busy, "data")
		stuck := awaitRunning(t, c, ns, "second")
		if stuck.Spec.NodeName == running.Spec.NodeName {
			t.Fatalf("both pods are on %s, so this shows nothing", stuck.Spec.NodeName)
		}
		// Kubernetes' own words: since v1.37 'Waiting for detach', before 'Multi-Attach error'.
		t.Log(awaitEvent(t, c, ns, "FailedAttachVolume", "second", "Volume is already used by pod(s) first"))
		awaitAttached(t, c, storage, ns, "data", running.Spec.NodeName)
	})

	m := startMoorage(t, c, moorage.Options{NoWebhook: true})
	startScheduler(t, c, m.ExtenderURL)

	t.Run("with moorage the second pod joins the first, where the volume is", func(t *testing.T) {
		ns, running := first(t)
		createPodWith(t, c, ns, "second", busy, "data")
		if joined := awaitRunning(t, c, ns, "second"); joined.Spec.NodeName != running.Spec.NodeName {
			t.Errorf("the second pod is on %s, want it beside the first on %s", joined.Spec.NodeName, running.Spec.NodeName)
		}
		if got := unschedulable(t.Context(), t, c, ns, "second"); len(got) > 0 {
			t.Errorf("the second pod was not scheduled at the first attempt: %v", got)
		}
	})

	t.Run("with moorage the second pod waits if it cannot join, and moves when the volume comes free", func(t *testing.T) {
		ns, running := first(t)
		createPodWith(t, c, ns, "second", awayFrom(running.Spec.NodeName), "data")
		awaitUnschedulable(t, c, ns, "second", "1 "+inUseElsewhere)

		moved := awaitWoken(t, c, ns, "second", func() error {
			deletePod(t, c, ns, "first")
			return nil
		})
		if moved.Spec.NodeName == running.Spec.NodeName {
			t.Errorf("the second pod is on %s, where it must not be", moved.Spec.NodeName)
		}
		awaitAttached(t, c, storage, ns, "data", moved.Spec.NodeName)
	})
}

// awayFrom keeps a pod from a node. To cordon the node would do too, but kube-scheduler may hear of that after it has heard of the pod.
func awayFrom(node string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		pod.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpNotIn, Values: []string{node}}},
			}}},
		}}
	}
}

// busy has a pod want so much of a node that kube-scheduler prefers an empty one for the next.
func busy(pod *corev1.Pod) {
	pod.Spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("6")}
}
