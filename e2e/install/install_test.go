// SPDX-License-Identifier: Apache-2.0

//go:build linux

package install

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moorage-k8s/moorage/e2e/chart"
	"github.com/moorage-k8s/moorage/e2e/realnode"
)

const (
	// schedulerName is the dedicated scheduler's, and its Lease's.
	schedulerName = "moorage-scheduler"

	mergePatch = types.MergePatchType

	// takeoverTimeout is the time for which a leader that is gone holds its lease, 15 s, with as much again for the next one.
	takeoverTimeout = 40 * time.Second
	// hookTimeout is how long Helm waits for a hook.
	hookTimeout = 90 * time.Second
	// leftoverTimeout is for the controllers that collect garbage and empty namespaces.
	leftoverTimeout = time.Minute
)

// What a user is promised of an installation, in the order of its life. Each part builds on the one before.
func TestInstallation(t *testing.T) {
	if skipped != "" {
		t.Skip(skipped)
	}
	c := startCluster(t)
	c.restrictedNamespace(t)
	h, err := chart.NewHelm(c.AdminKubeconfig(), chart.Options{Release: releaseName, Namespace: namespaceName})
	if err != nil {
		t.Fatal(err)
	}
	h.HookTimeout = hookTimeout
	before, err := c.everything(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// The namespace and the node get these a moment after they are made.
	for _, object := range []string{
		"configmaps. " + namespaceName + "/kube-root-ca.crt", "serviceaccounts. " + namespaceName + "/default",
		"leases.coordination.k8s.io kube-node-lease/" + realnode.Name,
	} {
		before[object] = true
	}

	var w *workload
	for _, promise := range []struct {
		name string
		kept func(*testing.T)
	}{
		{"helm install with default values makes pods that are ready", func(t *testing.T) {
			if err := h.Install(t.Context(), map[string]any{}); err != nil {
				t.Fatal(err)
			}
			c.awaitReplicas(t, webhookPods, 2)
			c.awaitReplicas(t, schedulerPods, 2)
		}},
		{"the API server asks the webhook through its Service", c.assertPodDenied},
		{"the dedicated scheduler leads and schedules a StatefulSet to its volumes", func(t *testing.T) {
			c.awaitLeader(t, "")
			w = c.startWorkload(t, 3)
			c.assertScheduled(t, w, 3)
		}},
		{"another replica takes over when the leader is killed", func(t *testing.T) { c.assertTakeover(t, w) }},
		{"helm upgrade changes a value without a failed admission", func(t *testing.T) { c.assertUpgrade(t, h) }},
		{"a kube-scheduler that cannot run takes no admission with it", func(t *testing.T) { c.assertAdmissionWithoutScheduler(t, h) }},
		{"helm uninstall leaves nothing behind", func(t *testing.T) {
			w.remove(t)
			if err := h.Uninstall(); err != nil {
				t.Fatal(err)
			}
			c.assertSame(t, before)
		}},
	} {
		started := time.Now()
		if !t.Run(promise.name, promise.kept) {
			c.report(t)
			return
		}
		t.Logf("%s: %.0f s", promise.name, time.Since(started).Seconds())
	}
}

// The pods of the two Deployments, by their label app.kubernetes.io/component.
const webhookPods, schedulerPods = "server", "scheduler"

// pods returns moorage's pods of a component that have not ended, those that are going left out.
func (c *cluster) pods(ctx context.Context, component string) ([]corev1.Pod, error) {
	list, err := c.Client().CoreV1().Pods(namespaceName).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/component=" + component})
	if err != nil {
		return nil, err
	}
	var living []corev1.Pod
	for i := range list.Items {
		if list.Items[i].DeletionTimestamp == nil {
			living = append(living, list.Items[i])
		}
	}
	return living, nil
}

// awaitReplicas waits until there are so many pods and all are ready.
func (c *cluster) awaitReplicas(t *testing.T, component string, want int) []corev1.Pod {
	t.Helper()
	var pods []corev1.Pod
	await(t, fmt.Sprintf("%d replicas of the %s to be ready", want, component), time.Minute, func(ctx context.Context) (bool, error) {
		var err error
		pods, err = c.pods(ctx, component)
		ready := 0
		for i := range pods {
			for _, condition := range pods[i].Status.Conditions {
				if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
					ready++
				}
			}
		}
		return err == nil && len(pods) == want && ready == want, err
	})
	return pods
}

// assertPodDenied checks that a pod with a fault is refused, in moorage's words, soon after moorage is ready: the API server takes a
// webhook's new CA bundle up a moment later, and lets the pod through until then.
func (c *cluster) assertPodDenied(t *testing.T) {
	t.Helper()
	var err error
	await(t, "a pod with a fault to be refused", 20*time.Second, func(ctx context.Context) (bool, error) {
		err = c.tryPod(ctx)
		return err != nil, nil
	})
	const want = `admission webhook "validate.moorage.dev" denied the request: emptydir-medium-unknown: ` +
		`spec.volumes[0].emptyDir.medium: volume "data": medium "memory" is not known; did you mean Memory?`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a pod with an unknown medium: got error %v, want one that says %q", err, want)
	}
}

// tryPod tries, without storing it, a pod that the rule emptydir-medium-unknown denies.
func (c *cluster) tryPod(ctx context.Context) error {
	_, err := c.Client().CoreV1().Pods(metav1.NamespaceDefault).Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "cache"},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{{Name: "app", Image: "example.com/app:1", VolumeMounts: []corev1.VolumeMount{{Name: "data", MountPath: "/data"}}}},
			Volumes:    []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{Medium: "memory"}}}},
		},
	}, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	return err
}

// awaitLeader waits until a living pod other than the given one holds the scheduler's lease, and returns it.
func (c *cluster) awaitLeader(t *testing.T, other string) (leader corev1.Pod) {
	t.Helper()
	holder := ""
	await(t, "a leader of the scheduler", takeoverTimeout, func(ctx context.Context) (bool, error) {
		lease, err := c.Client().CoordinationV1().Leases(namespaceName).Get(ctx, schedulerName, metav1.GetOptions{})
		if apierrors.IsNotFound(err) || err == nil && lease.Spec.HolderIdentity == nil {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		holder = *lease.Spec.HolderIdentity
		pods, err := c.pods(ctx, schedulerPods)
		for _, pod := range pods {
			if pod.Name != other && strings.HasPrefix(holder, pod.Name+"_") {
				leader = pod
				return true, nil
			}
		}
		return false, err
	})
	return leader
}

// assertScheduled checks that the leader's moorage was asked about the pods, that they are where their volumes are, and that one which is
// recreated comes back to its volume.
func (c *cluster) assertScheduled(t *testing.T, w *workload, replicas int) {
	t.Helper()
	for number := range replicas {
		w.assertLanded(t, number)
	}
	zone := w.assertLanded(t, 0)
	w.restart(t, 0)
	if again := w.assertLanded(t, 0); again != zone {
		t.Errorf("a pod with a volume in %s came back in %s", zone, again)
	}
	leader := c.awaitLeader(t, "")
	if got := count(t, &leader, `moorage_extender_requests_total{code="200",verb="filter"}`); got < float64(replicas) {
		t.Errorf("moorage beside the leader answered %g calls of /filter, want one at least for each of the %d pods", got, replicas)
	}
}

// assertTakeover kills the leader, which leaves it no time to let go of the lease, and deletes its pod. Another one schedules on.
func (c *cluster) assertTakeover(t *testing.T, w *workload) {
	t.Helper()
	c.awaitReplicas(t, schedulerPods, 2)
	killed, now := c.awaitLeader(t, ""), int64(0)
	started := time.Now()
	if err := c.node.Kill(&killed); err != nil {
		t.Fatal(err)
	}
	if err := c.Client().CoreV1().Pods(namespaceName).Delete(t.Context(), killed.Name, metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		t.Fatal(err)
	}
	leader := c.awaitLeader(t, killed.Name)
	t.Logf("another leader after %.1f s", time.Since(started).Seconds())
	// The webhook sends pods to the scheduler again once it has seen the lease renewed.
	await(t, "the webhook to trust the new leader", takeoverTimeout, func(ctx context.Context) (bool, error) {
		return c.isSentToScheduler(ctx, w.namespace)
	})
	w.scale(t, 4)
	w.assertLanded(t, 3)
	if got := count(t, &leader, `moorage_extender_requests_total{code="200",verb="filter"}`); got < 1 {
		t.Error("moorage beside the new leader was not asked")
	}
	c.awaitReplicas(t, schedulerPods, 2)
}

// isSentToScheduler tries, without storing it, a pod with a claim in a namespace that has opted in.
func (c *cluster) isSentToScheduler(ctx context.Context, namespace string) (bool, error) {
	pod, err := c.Client().CoreV1().Pods(namespace).Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "try-"},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{{Name: "app", Image: "example.com/app:1"}},
			Volumes: []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{
				PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data-" + setName + "-0"},
			}}},
		},
	}, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	return err == nil && pod.Spec.SchedulerName == schedulerName, err
}

// assertUpgrade makes the API server deny what the webhook cannot be asked about, and asks without a pause while Helm changes the
// configuration, for which all pods are recreated.
func (c *cluster) assertUpgrade(t *testing.T, h *chart.Helm) {
	t.Helper()
	closed := map[string]any{"webhook": map[string]any{"failurePolicy": "Fail"}}
	upgrade := func(t *testing.T) {
		t.Helper()
		if err := h.Upgrade(t.Context(), closed, chart.ServerSideApply); err != nil {
			t.Fatal(err)
		}
	}
	upgrade(t)
	old := c.awaitReplicas(t, webhookPods, 2)
	l := startLoad(t.Context(), c.Client(), 3)
	defer l.stop()
	if !t.Run("under load", func(t *testing.T) {
		closed["config"] = map[string]any{"webhook": map[string]any{"rules": map[string]any{"emptydir-medium-unknown": "warn"}}}
		upgrade(t)
		await(t, "the old pods to be gone", 2*time.Minute, func(ctx context.Context) (bool, error) {
			for i := range old {
				if _, err := c.Client().CoreV1().Pods(namespaceName).Get(ctx, old[i].Name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
					return false, err
				}
			}
			return true, nil
		})
		c.awaitReplicas(t, webhookPods, 2)
	}) {
		return
	}
	l.end(t)
	if err := c.tryPod(t.Context()); err != nil {
		t.Errorf("after the rule was changed to warn: %v", err)
	}
}

// assertAdmissionWithoutScheduler gives kube-scheduler a flag that it does not have, in pods that take the place of the old ones without waiting.
// The webhook is asked on, by an API server that admits nothing without it; its own pods stay as they are.
func (c *cluster) assertAdmissionWithoutScheduler(t *testing.T, h *chart.Helm) {
	t.Helper()
	broken := map[string]any{
		"webhook": map[string]any{"failurePolicy": "Fail"}, "scheduler": map[string]any{"extraArgs": []any{"--no-such-flag"}},
		"config":         map[string]any{"webhook": map[string]any{"rules": map[string]any{"emptydir-medium-unknown": "warn"}}},
		"updateStrategy": map[string]any{"type": "RollingUpdate", "rollingUpdate": map[string]any{"maxUnavailable": 2, "maxSurge": 0}},
	}
	if err := h.Upgrade(t.Context(), broken, chart.ServerSideApply); err != nil {
		t.Fatal(err)
	}
	await(t, "no kube-scheduler to be ready", time.Minute, func(ctx context.Context) (bool, error) {
		d, err := c.Client().AppsV1().Deployments(namespaceName).Get(ctx, releaseName+"-scheduler", metav1.GetOptions{})
		return err == nil && d.Status.ObservedGeneration == d.Generation && d.Status.ReadyReplicas == 0, err
	})
	c.awaitReplicas(t, webhookPods, 2)
	if err := c.tryPod(t.Context()); err != nil {
		t.Errorf("without a kube-scheduler: %v", err)
	}
}

// count returns the value of a series of a pod's metrics.
func count(t *testing.T, pod *corev1.Pod, series string) float64 {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+net.JoinHostPort(pod.Status.PodIP, "8080")+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // only read from
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, series+" "); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	return 0
}

// report shows the state and the logs of moorage's pods after a failure.
func (c *cluster) report(t *testing.T) {
	t.Helper()
	list, err := c.Client().CoreV1().Pods(namespaceName).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Log(err)
		return
	}
	for i := range list.Items {
		pod := &list.Items[i]
		t.Logf("pod %s: %s %v", pod.Name, pod.Status.Phase, pod.Status.ContainerStatuses)
		for _, container := range pod.Spec.Containers {
			text, logErr := c.node.Logs(pod, container.Name)
			t.Logf("log of %s (%v):\n%s", container.Name, logErr, text)
		}
	}
	events, err := c.Client().CoreV1().Events(namespaceName).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Log(err)
		return
	}
	for i := range events.Items {
		t.Logf("event: %s %s: %s", events.Items[i].InvolvedObject.Name, events.Items[i].Reason, events.Items[i].Message)
	}
}
