// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/e2e/moorage"
	"github.com/moorage-k8s/moorage/e2e/zones"
)

// finding is one check of moorage doctor.
type finding struct{ Name, State, Message, Fix string }

// examine runs moorage doctor and returns what it found, by the name of the check.
func examine(t *testing.T, c command, status int, args ...string) map[string]finding {
	t.Helper()
	got := c.run(t, append([]string{"doctor", "-o", "json"}, args...)...)
	if got.Status != status {
		t.Errorf("moorage doctor %q ends with %d, want %d:\n%s%s", args, got.Status, status, got.Stdout, got.Stderr)
	}
	var diagnosis struct{ Checks []finding }
	if err := json.Unmarshal([]byte(got.Stdout), &diagnosis); err != nil {
		t.Fatalf("%v in what moorage doctor printed:\n%s", err, got.Stdout)
	}
	out := map[string]finding{}
	for _, f := range diagnosis.Checks {
		out[f.Name] = f
	}
	return out
}

// finds checks the states, and for those that are not ok that words of theirs are there, and that something is said to be done.
func finds(t *testing.T, got map[string]finding, want map[string]string) {
	t.Helper()
	for name, expected := range want {
		state, words, _ := strings.Cut(expected, ": ")
		f := got[name]
		if f.State != state || !strings.Contains(f.Message, words) {
			t.Errorf("the check %s finds\n%+v\nwant %s", name, f, expected)
		}
		if (f.State == "warning" || f.State == "failure") && f.Fix == "" {
			t.Errorf("the check %s does not say what to do: %+v", name, f)
		}
	}
}

// What an operator sees who wires moorage up, one thing after the other, and then breaks it.
func TestDoctor(t *testing.T) {
	c := control(t)
	nodes := pairsOfNodes(t, c, "zone-a")
	zonalStorage(t, nodes, zones.StorageOptions{}, "examined")
	ns := namespace(t, c)
	admin := newCommand(t, c.AdminKubeconfig())

	t.Run("nothing is there", func(t *testing.T) {
		finds(t, examine(t, admin, 0, "-n", ns), map[string]string{
			"api-server": "ok: Kubernetes v1.", "permissions": "ok", "webhook-configuration": "warning: mutate.moorage.dev", "webhook-certificate": "skipped",
			"webhook-answers": "skipped", "extender": "skipped", "cache": "skipped: app.kubernetes.io/name=moorage",
			"dedicated-scheduler": "skipped: app.kubernetes.io/name=moorage", "versions": "skipped",
		})
	})

	m := startMoorage(t, c, moorage.Options{})
	wired := []string{"-n", ns, "--extender-url", m.ExtenderURL, "--metrics-url", m.MetricsURL, "--service-account", "moorage:moorage"}

	t.Run("all is well", func(t *testing.T) {
		got := examine(t, admin, 0, wired...)
		finds(t, got, map[string]string{
			"api-server": "ok", "permissions": "ok: service account moorage:moorage has the 26 rights that moorage needs", "webhook-configuration": "ok: MutatingWebhookConfiguration moorage",
			"webhook-certificate": "ok: is trusted and valid until", "webhook-answers": "ok: moorage answered", "extender": "ok", "cache": "ok: has read all kinds",
			"capacities": "ok: has published capacities",
		})
		text := admin.run(t, append([]string{"doctor"}, wired...)...)
		for line := range strings.Lines(text.Stdout) {
			if len(strings.TrimSuffix(line, "\n")) > 100 && strings.Contains(strings.TrimSpace(line), " ") && !strings.Contains(line, "http") {
				t.Errorf("a line is long: %s", line)
			}
		}
		t.Log("\n" + text.Stdout)
	})

	t.Run("kube-scheduler's configuration", func(t *testing.T) {
		documented, err := os.ReadFile("../docs/kube-scheduler-configuration.yaml")
		if err != nil {
			t.Fatal(err)
		}
		scheduler := schedulerPod(t, c.Client().CoreV1().ConfigMaps(metav1.NamespaceSystem).Create, c.Client().CoreV1().Pods(metav1.NamespaceSystem).Create)
		cleanup(t, func(ctx context.Context) error {
			return c.Client().CoreV1().Pods(metav1.NamespaceSystem).Delete(ctx, scheduler, metav1.DeleteOptions{GracePeriodSeconds: new(int64)})
		})
		cleanup(t, func(ctx context.Context) error {
			return c.Client().CoreV1().ConfigMaps(metav1.NamespaceSystem).Delete(ctx, scheduler, metav1.DeleteOptions{})
		})
		for _, configured := range []struct{ text, want string }{
			{string(documented), "ok: ConfigMap kube-system/" + scheduler + " has the extender http://127.0.0.1:10261"},
			{strings.Replace(string(documented), "ignorable: true", "ignorable: false", 1), "warning: lacks ignorable: true"},
			{"kind: KubeSchedulerConfiguration", "failure: has no extender"},
		} {
			status := 0
			if strings.HasPrefix(configured.want, "failure") {
				status = 1
			}
			_, err := c.Client().CoreV1().ConfigMaps(metav1.NamespaceSystem).Update(t.Context(), &corev1.ConfigMap{
				ObjectMeta: metav1.ObjectMeta{Name: scheduler}, Data: map[string]string{"config.yaml": configured.text},
			}, metav1.UpdateOptions{})
			if err != nil {
				t.Fatal(err)
			}
			finds(t, examine(t, admin, status, wired...), map[string]string{"scheduler": configured.want})
		}
	})

	t.Run("someone who may do nothing", func(t *testing.T) {
		kubeconfig, err := c.Kubeconfig("nobody-in-particular")
		if err != nil {
			t.Fatal(err)
		}
		finds(t, examine(t, newCommand(t, kubeconfig), 1, "-n", ns, "--extender-url", m.ExtenderURL), map[string]string{
			"api-server": "ok", "permissions": "failure: you may not get, list nodes, persistentvolumeclaims", "webhook-configuration": "skipped: not allowed",
			"webhook-certificate": "skipped: not allowed", "webhook-answers": "skipped: not allowed", "scheduler": "skipped: not allowed", "extender": "ok",
			"cache": "skipped: not allowed", "capacities": "skipped: not allowed",
		})
	})

	t.Run("a driver that does not keep its promise", func(t *testing.T) {
		storage := c.Client().StorageV1()
		const name = "silent.csi.example.com"
		_, err := storage.CSIDrivers().Create(t.Context(), &storagev1.CSIDriver{
			ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: storagev1.CSIDriverSpec{StorageCapacity: new(true)},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		cleanup(t, func(ctx context.Context) error { return storage.CSIDrivers().Delete(ctx, name, metav1.DeleteOptions{}) })
		_, err = storage.StorageClasses().Create(t.Context(), &storagev1.StorageClass{
			ObjectMeta: metav1.ObjectMeta{Name: "silent"}, Provisioner: name, VolumeBindingMode: new(storagev1.VolumeBindingWaitForFirstConsumer),
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		cleanup(t, func(ctx context.Context) error {
			return storage.StorageClasses().Delete(ctx, "silent", metav1.DeleteOptions{})
		})
		finds(t, examine(t, admin, 1, wired...), map[string]string{"capacities": "failure: silent (silent.csi.example.com)"})
	})

	t.Run("a bundle that does not fit the certificate", func(t *testing.T) {
		api := c.Client().AdmissionregistrationV1().ValidatingWebhookConfigurations()
		w, err := api.Get(t.Context(), "moorage", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		mutating, err := c.Client().AdmissionregistrationV1().MutatingWebhookConfigurations().Get(t.Context(), "moorage", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		// The control plane's own authority did not sign moorage's certificate.
		other := c.RESTConfig().CAData
		w.Webhooks[0].ClientConfig.CABundle, mutating.Webhooks[0].ClientConfig.CABundle = other, other
		w.Webhooks[0].FailurePolicy = new(admissionregistrationv1.Fail)
		if _, err = api.Update(t.Context(), w, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, err = c.Client().AdmissionregistrationV1().MutatingWebhookConfigurations().Update(t.Context(), mutating, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		finds(t, examine(t, admin, 1, wired...), map[string]string{
			"webhook-configuration": "warning: failurePolicy Fail", "webhook-certificate": "failure: does not trust",
		})
	})

	t.Run("moorage is gone", func(t *testing.T) {
		if err := m.Process.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		finds(t, examine(t, admin, 1, wired...), map[string]string{
			"webhook-certificate": "failure: cannot be reached", "extender": "failure: connection refused", "cache": "failure: connection refused",
		})
	})
}

// schedulerPod makes what an operator of a kube-scheduler in a pod would: a ConfigMap with its configuration, and the pod. It returns
// the name of both.
func schedulerPod(t *testing.T, createConfig func(context.Context, *corev1.ConfigMap, metav1.CreateOptions) (*corev1.ConfigMap, error),
	createPod func(context.Context, *corev1.Pod, metav1.CreateOptions) (*corev1.Pod, error),
) string {
	t.Helper()
	const name = "examined-scheduler"
	if _, err := createConfig(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	_, err := createPod(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"component": "kube-scheduler"}},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{{
				Name: "kube-scheduler", Image: "registry.k8s.io/kube-scheduler:v1.37.1",
				Command:      []string{"kube-scheduler", "--config=/etc/scheduler/config.yaml"},
				VolumeMounts: []corev1.VolumeMount{{Name: "config", MountPath: "/etc/scheduler"}},
			}},
			Volumes: []corev1.Volume{{Name: "config", VolumeSource: corev1.VolumeSource{
				ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: name}},
			}}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return name
}
