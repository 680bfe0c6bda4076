// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/e2e/controlplane"
)

// unhook runs what the release's hook runs before everything else is deleted, with the rights that the hook has: the webhook
// configurations go, but no configuration with somebody else's webhook.
func unhook(t *testing.T, c *controlplane.ControlPlane) {
	t.Helper()
	ctx := t.Context()
	run := asHook(t, c, "pre-delete", "moorage-uninstall")

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
