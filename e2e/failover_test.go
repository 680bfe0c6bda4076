// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/moorage"
	"github.com/moorage-k8s/moorage/e2e/zones"
)

// held keeps a deleted pod as it is, as a kubelet that does not answer does.
const held = "e2e.moorage.dev/held"

// failure is a way in which a pod or its node is lost while the volume is still attached there.
type failure struct {
	// name says what happened. The zone of this failure's two nodes is called zone.
	name, zone string
	// pod changes the pod before it is made; nil changes nothing.
	pod func(*corev1.Pod)
	// strike makes it happen to the running pod on its node.
	strike func(ctx context.Context, f *failover) error
	// repair makes the volume come free, if nothing else does; nil force-deletes the pod.
	repair func(ctx context.Context, f *failover) error
}

// failover is what a failure happens to.
type failover struct {
	control *controlplane.ControlPlane
	nodes   *zones.Nodes
	ns      string
	lost    *corev1.Pod              // as it ran
	volume  *corev1.PersistentVolume // that the pod uses
}

// Whatever happened to a pod or its node, the pod that takes its place is placed at once, although the volume is still attached to the node of
// the first; and the attach-detach controller brings the volume as soon as it may.
func TestFailoverIsNotHeldUp(t *testing.T) {
	failures := []failure{
		{name: "the node is not ready", zone: "not-ready", strike: ready(corev1.ConditionFalse)},
		{name: "the node is not heard of", zone: "unknown", strike: ready(corev1.ConditionUnknown)},
		{name: "the node is deleted", zone: "deleted", strike: func(ctx context.Context, f *failover) error {
			return f.control.Client().CoreV1().Nodes().Delete(ctx, f.lost.Spec.NodeName, metav1.DeleteOptions{})
		}},
		{
			name: "the node is out of service", zone: "out-of-service",
			// The pod outlives the taint: otherwise this would be the case of a terminating pod.
			pod: func(pod *corev1.Pod) {
				pod.Spec.Tolerations = []corev1.Toleration{{Key: corev1.TaintNodeOutOfService, Operator: corev1.TolerationOpExists}}
			},
			strike: func(ctx context.Context, f *failover) error {
				taint := corev1.Taint{Key: corev1.TaintNodeOutOfService, Value: "nodeshutdown", Effect: corev1.TaintEffectNoExecute}
				return f.nodes.Update(ctx, f.lost.Spec.NodeName, func(node *corev1.Node) { node.Spec.Taints = append(node.Spec.Taints, taint) })
			},
		},
		{
			name: "the pod does not finish terminating", zone: "terminating",
			pod: func(pod *corev1.Pod) { pod.Finalizers = []string{held} },
			strike: func(ctx context.Context, f *failover) error {
				return f.control.Client().CoreV1().Pods(f.ns).Delete(ctx, f.lost.Name, metav1.DeleteOptions{})
			},
			repair: func(ctx context.Context, f *failover) error {
				pods := f.control.Client().CoreV1().Pods(f.ns)
				pod, err := pods.Get(ctx, f.lost.Name, metav1.GetOptions{})
				if err != nil {
					return err
				}
				pod.Finalizers = nil
				_, err = pods.Update(ctx, pod, metav1.UpdateOptions{})
				return err
			},
		},
		{
			name: "the pod is force-deleted, and its node still has the volume mounted", zone: "forced",
			strike: func(ctx context.Context, f *failover) error {
				if err := f.mounted(ctx, uniqueName(f.volume)); err != nil {
					return err
				}
				return forceDelete(ctx, f)
			},
			repair: func(ctx context.Context, f *failover) error { return f.mounted(ctx) },
		},
		{
			name: "the pod has failed, and is still there", zone: "failed",
			strike: func(ctx context.Context, f *failover) error {
				pods := f.control.Client().CoreV1().Pods(f.ns)
				pod, err := pods.Get(ctx, f.lost.Name, metav1.GetOptions{})
				if err != nil {
					return err
				}
				pod.Status.Phase = corev1.PodFailed
				_, err = pods.UpdateStatus(ctx, pod, metav1.UpdateOptions{})
				return err
			},
			repair: func(context.Context, *failover) error { return nil },
		},
	}

	c := control(t)
	var names []string
	for i := range failures {
		names = append(names, failures[i].zone)
	}
	nodes := pairsOfNodes(t, c, names...)
	storage := zonalStorage(t, nodes, zones.StorageOptions{Attacher: true}, "attached")
	m := startMoorage(t, c, moorage.Options{NoWebhook: true})
	startScheduler(t, c, m.ExtenderURL)

	for _, failure := range failures {
		t.Run(failure.name, func(t *testing.T) {
			t.Parallel()
			f := &failover{control: c, nodes: nodes, ns: namespace(t, c)}
			createClaim(t, c, f.ns, "data", "attached", "1Gi")
			createPodWith(t, c, f.ns, "lost", func(pod *corev1.Pod) {
				inZone(failure.zone)(pod)
				if failure.pod != nil {
					failure.pod(pod)
				}
			}, "data")
			f.lost = awaitRunning(t, c, f.ns, "lost")
			f.volume = boundVolume(t, c, f.ns, "data")
			awaitAttached(t, c, storage, f.ns, "data", f.lost.Spec.NodeName)

			// Not by chance elsewhere: the node takes no more pods, as one that is drained or unreachable does.
			if err := nodes.Update(t.Context(), f.lost.Spec.NodeName, func(node *corev1.Node) { node.Spec.Unschedulable = true }); err != nil {
				t.Fatal(err)
			}
			if failure.repair != nil {
				cleanup(t, func(ctx context.Context) error { return ignoreNotFound(failure.repair(ctx, f)) })
			}
			if err := failure.strike(t.Context(), f); err != nil {
				t.Fatal(err)
			}
			struck := time.Now()
			createPod(t, c, f.ns, "successor", "data")
			successor := awaitRunning(t, c, f.ns, "successor")
			took := time.Since(struck)
			t.Logf("placed after %.2f s", took.Seconds())
			if took > wokenWithin {
				t.Errorf("the successor was placed after %s: %v", took, unschedulable(t.Context(), t, c, f.ns, "successor"))
			}
			if successor.Spec.NodeName == f.lost.Spec.NodeName {
				t.Errorf("the successor is on %s, the node that was lost", successor.Spec.NodeName)
			}

			repair := failure.repair
			if repair == nil {
				repair = forceDelete
			}
			if err := repair(t.Context(), f); err != nil {
				t.Fatal(err)
			}
			awaitAttached(t, c, storage, f.ns, "data", successor.Spec.NodeName)
		})
	}
}

// ready has the node's kubelet say that it is not ready, or the node lifecycle controller that it has not heard of it.
func ready(status corev1.ConditionStatus) func(context.Context, *failover) error {
	return func(ctx context.Context, f *failover) error {
		return f.nodes.UpdateStatus(ctx, f.lost.Spec.NodeName, func(s *corev1.NodeStatus) {
			for i := range s.Conditions {
				if s.Conditions[i].Type == corev1.NodeReady {
					s.Conditions[i].Status = status
				}
			}
		})
	}
}

// mounted makes the kubelet of the lost pod's node say that these volumes are mounted there.
func (f *failover) mounted(ctx context.Context, volumes ...corev1.UniqueVolumeName) error {
	return f.nodes.UpdateStatus(ctx, f.lost.Spec.NodeName, func(s *corev1.NodeStatus) { s.VolumesInUse = volumes })
}

// forceDelete deletes the lost pod without asking its kubelet.
func forceDelete(ctx context.Context, f *failover) error {
	now := int64(0)
	return f.control.Client().CoreV1().Pods(f.ns).Delete(ctx, f.lost.Name, metav1.DeleteOptions{GracePeriodSeconds: &now})
}

func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
