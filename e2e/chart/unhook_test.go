// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"context"
	"os/exec"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/controlplane"
)

// unhook runs what the release's hook runs before everything else is deleted, with the rights that the hook has. Applied by somebody else than
// Helm, as the text that `helm template` prints, it takes nothing away. Made by Helm, the webhook configurations go, but no configuration
// with somebody else's webhook.
func unhook(t *testing.T, c *controlplane.ControlPlane) {
	t.Helper()
	for _, manager := range []string{"kubectl-client-side-apply", "kubectl", "argocd-controller"} {
		t.Run("applied by "+manager, func(t *testing.T) {
			out, err := asHook(t, c, manager, "pre-delete", "moorage-uninstall")()
			if want := "Job moorage/moorage-uninstall was made by " + manager + ", not by Helm; nothing was deleted\n"; err != nil || out != want {
				t.Errorf("%v: %s; want %s", err, out, want)
			}
			configurations(t.Context(), t, c) // Both are there.
		})
	}
	t.Run("made by Helm", func(t *testing.T) { unhookAsHelm(t, c) })
}

func unhookAsHelm(t *testing.T, c *controlplane.ControlPlane) {
	t.Helper()
	ctx := t.Context()
	run := asHook(t, c, "helm", "pre-delete", "moorage-uninstall")

	webhooks := c.Client().AdmissionregistrationV1().ValidatingWebhookConfigurations()
	ours, err := webhooks.Get(ctx, release, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	out, err := run("--dry-run")
	if want := "would delete MutatingWebhookConfiguration moorage\nwould delete ValidatingWebhookConfiguration moorage\n"; err != nil || out != want {
		t.Errorf("%v: %s; want %s", err, out, want)
	}
	unmarked := ours.DeepCopy()
	delete(unmarked.Annotations, "meta.helm.sh/release-name")
	if unmarked, err = webhooks.Update(ctx, unmarked, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	out, err = run("--dry-run")
	if want := "ValidatingWebhookConfiguration moorage was not installed by Helm: it has no annotation meta.helm.sh/release-name; nothing was deleted\n"; err != nil || !strings.HasSuffix(out, want) {
		t.Errorf("%v: %s; want %s", err, out, want)
	}
	foreign := unmarked.DeepCopy()
	foreign.Annotations = ours.Annotations
	foreign.Webhooks = append(foreign.Webhooks, *ours.Webhooks[0].DeepCopy())
	foreign.Webhooks[1].Name = "other.example.com"
	if foreign, err = webhooks.Update(ctx, foreign, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	out, err = run()
	if err == nil || !strings.Contains(out, "deleted MutatingWebhookConfiguration moorage") || !strings.Contains(out, "it has the webhook other.example.com, which is not moorage's") {
		t.Errorf("with somebody else's webhook: %v\n%s", err, out)
	}
	foreign.Webhooks = foreign.Webhooks[:1]
	if _, err := webhooks.Update(ctx, foreign, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"deleted ValidatingWebhookConfiguration moorage\n", "there are no webhook configurations named moorage\n"} {
		if out, err := run(); err != nil || out != want {
			t.Errorf("%v: %s; want %s", err, out, want)
		}
	}
}

// runUninstallHook does what a node would when Helm itself uninstalls the release: it runs what the pod of the hook's Job runs, with its rights, and
// says that the pod has ended.
func runUninstallHook(t *testing.T, c *controlplane.ControlPlane) {
	t.Helper()
	ctx, pods := t.Context(), c.Client().CoreV1().Pods(release)
	var pod *corev1.Pod
	await(t, "the pod of Helm's hook is made", func(ctx context.Context) (bool, error) {
		list, err := pods.List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/component=uninstall"})
		if err == nil && len(list.Items) > 0 {
			pod = &list.Items[0]
		}
		return pod != nil, err
	})
	file, err := binaries.Builder{}.Moorage(ctx)
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig, err := c.Kubeconfig("system:serviceaccount:"+release+":"+pod.Spec.ServiceAccountName, "system:serviceaccounts", "system:authenticated")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(ctx, file, append(pod.Spec.Containers[0].Args, "--kubeconfig="+kubeconfig)...).CombinedOutput()
	if want := "deleted MutatingWebhookConfiguration moorage\ndeleted ValidatingWebhookConfiguration moorage\n"; err != nil || string(out) != want {
		t.Errorf("Helm's own hook: %v: %s; want %s", err, out, want)
	}
	pod.Status.Phase = corev1.PodSucceeded
	if _, err := pods.UpdateStatus(ctx, pod, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}
