// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"os/exec"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/controlplane"
)

// unhook runs what the release's hook runs before everything else is deleted, with the rights that the hook has: the webhook
// configurations go, but no configuration with somebody else's webhook.
func unhook(t *testing.T, c *controlplane.ControlPlane) {
	t.Helper()
	ctx := t.Context()
	api, err := newObjects(c)
	if err != nil {
		t.Fatal(err)
	}
	var args []string
	var made []func() error
	defer func() {
		for _, remove := range made {
			if fault := remove(); fault != nil {
				t.Error(fault)
			}
		}
	}()
	for _, o := range objects(t, (&combination{}).render(t)) {
		if o.GetAnnotations()["helm.sh/hook"] != "pre-delete" {
			continue
		}
		if pod := podOf(t, o); pod != nil {
			args = pod.Spec.Containers[0].Args
			continue
		}
		resource, resourceErr := api.resource(o)
		if resourceErr != nil {
			t.Fatal(resourceErr)
		}
		if _, err = resource.Create(ctx, o, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		made = append(made, func() error { return resource.Delete(ctx, o.GetName(), metav1.DeleteOptions{}) })
	}
	file, err := binaries.Builder{}.Moorage(ctx)
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig, err := c.Kubeconfig("system:serviceaccount:"+release+":moorage-uninstall", "system:serviceaccounts")
	if err != nil {
		t.Fatal(err)
	}
	run := func() (string, error) {
		out, runErr := exec.CommandContext(ctx, file, append(args, "--kubeconfig="+kubeconfig)...).CombinedOutput()
		return string(out), runErr
	}

	webhooks := c.Client().AdmissionregistrationV1().ValidatingWebhookConfigurations()
	ours, err := webhooks.Get(ctx, release, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	foreign := ours.DeepCopy()
	foreign.Webhooks = append(foreign.Webhooks, *ours.Webhooks[0].DeepCopy())
	foreign.Webhooks[1].Name = "other.example.com"
	if foreign, err = webhooks.Update(ctx, foreign, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	out, err := run()
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
