// SPDX-License-Identifier: Apache-2.0

//go:build linux

package install

import (
	"context"
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/e2e/zones"
)

// fakeNodeTaint keeps pods that are meant to run, as moorage's own, from nodes that only look as if they did.
var fakeNodeTaint = corev1.Taint{Key: "e2e.moorage.dev/fake", Effect: corev1.TaintEffectNoSchedule}

// workload is a StatefulSet with a zonal claim for each pod, in a namespace that has opted in, on nodes in three zones.
type workload struct {
	cluster   *cluster
	nodes     *zones.Nodes
	storage   *zones.Storage
	namespace string
}

const setName = "db"

// startWorkload makes nodes, storage and the StatefulSet, and waits until all pods are ready.
func (c *cluster) startWorkload(t *testing.T, replicas int32) *workload {
	t.Helper()
	ctx := t.Context()
	w := &workload{cluster: c}
	var err error
	if w.nodes, err = zones.AddNodes(ctx, c.ControlPlane, zones.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, name := range w.nodes.Names() {
		if err = w.nodes.Update(ctx, name, func(node *corev1.Node) { node.Spec.Taints = append(node.Spec.Taints, fakeNodeTaint) }); err != nil {
			t.Fatal(err)
		}
	}
	if w.storage, err = w.nodes.AddStorage(ctx, zones.StorageOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err = w.storage.AddClass(ctx, "zonal", nil); err != nil {
		t.Fatal(err)
	}
	if w.namespace, err = c.CreateNamespace(ctx, "shop-"); err != nil {
		t.Fatal(err)
	}
	optIn := []byte(`{"metadata": {"labels": {"moorage.dev/scheduler": "enabled"}}}`)
	if _, err = c.Client().CoreV1().Namespaces().Patch(ctx, w.namespace, mergePatch, optIn, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	w.create(t, replicas)
	return w
}

func (w *workload) create(t *testing.T, replicas int32) {
	t.Helper()
	class, labels := "zonal", map[string]string{"app": setName}
	selector := &metav1.LabelSelector{MatchLabels: labels}
	_, err := w.cluster.Client().AppsV1().StatefulSets(w.namespace).Create(t.Context(), &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: setName},
		Spec: appsv1.StatefulSetSpec{
			Replicas: &replicas, ServiceName: setName, Selector: selector,
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					Tolerations: []corev1.Toleration{{Key: fakeNodeTaint.Key, Operator: corev1.TolerationOpExists}},
					Containers: []corev1.Container{{
						Name: "main", Image: "example.com/none", VolumeMounts: []corev1.VolumeMount{{Name: "data", MountPath: "/data"}},
					}},
				},
			},
			VolumeClaimTemplates: []corev1.PersistentVolumeClaim{{
				ObjectMeta: metav1.ObjectMeta{Name: "data"},
				Spec: corev1.PersistentVolumeClaimSpec{
					StorageClassName: &class,
					AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
					Resources:        corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
				},
			}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.awaitReady(t, replicas)
}

// scale changes the number of replicas and waits until all are ready.
func (w *workload) scale(t *testing.T, replicas int32) {
	t.Helper()
	patch := fmt.Appendf(nil, `{"spec": {"replicas": %d}}`, replicas)
	if _, err := w.cluster.Client().AppsV1().StatefulSets(w.namespace).Patch(t.Context(), setName, mergePatch, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	w.awaitReady(t, replicas)
}

func (w *workload) awaitReady(t *testing.T, replicas int32) {
	t.Helper()
	await(t, fmt.Sprintf("%d replicas of the StatefulSet to be ready", replicas), time.Minute, func(ctx context.Context) (bool, error) {
		set, err := w.cluster.Client().AppsV1().StatefulSets(w.namespace).Get(ctx, setName, metav1.GetOptions{})
		return err == nil && set.Status.ReadyReplicas == replicas, err
	})
}

// pod returns the replica with the number.
func (w *workload) pod(t *testing.T, number int) *corev1.Pod {
	t.Helper()
	pod, err := w.cluster.Client().CoreV1().Pods(w.namespace).Get(t.Context(), fmt.Sprintf("%s-%d", setName, number), metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return pod
}

// assertLanded checks that moorage's scheduler has put a pod into the zone of its volume.
func (w *workload) assertLanded(t *testing.T, number int) (zone string) {
	t.Helper()
	pod := w.pod(t, number)
	if pod.Spec.SchedulerName != schedulerName {
		t.Errorf("pod %s is of scheduler %s, want %s", pod.Name, pod.Spec.SchedulerName, schedulerName)
	}
	claim, err := w.cluster.Client().CoreV1().PersistentVolumeClaims(w.namespace).Get(t.Context(), "data-"+pod.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	volume, err := w.cluster.Client().CoreV1().PersistentVolumes().Get(t.Context(), claim.Spec.VolumeName, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	zone = w.nodes.ZoneOf(pod.Spec.NodeName)
	expression := volume.Spec.NodeAffinity.Required.NodeSelectorTerms[0].MatchExpressions[0]
	if expression.Key != w.storage.TopologyKey() || len(expression.Values) != 1 || expression.Values[0] != zone {
		t.Errorf("pod %s is on node %s in zone %q, its volume can be reached where %v", pod.Name, pod.Spec.NodeName, zone, expression)
	}
	return zone
}

// restart deletes a pod, so that it is made and scheduled again, and waits until it is ready.
func (w *workload) restart(t *testing.T, number int) {
	t.Helper()
	old := w.pod(t, number)
	now := int64(0)
	if err := w.cluster.Client().CoreV1().Pods(w.namespace).Delete(t.Context(), old.Name, metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		t.Fatal(err)
	}
	await(t, "pod "+old.Name+" to be recreated", time.Minute, func(ctx context.Context) (bool, error) {
		pod, err := w.cluster.Client().CoreV1().Pods(w.namespace).Get(ctx, old.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return err == nil && pod.UID != old.UID && pod.Status.Phase == corev1.PodRunning, err
	})
}

// remove takes all of it away again.
func (w *workload) remove(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	if err := w.cluster.RemoveNamespace(ctx, w.namespace); err != nil {
		t.Fatal(err)
	}
	if err := w.storage.Remove(ctx); err != nil {
		t.Fatal(err)
	}
	if err := w.nodes.Remove(ctx); err != nil {
		t.Fatal(err)
	}
}
