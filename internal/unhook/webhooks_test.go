// SPDX-License-Identifier: Apache-2.0

package unhook_test

import (
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/moorage-k8s/moorage/internal/unhook"
	"github.com/moorage-k8s/moorage/webhook"
)

// A hook takes away nothing unless Helm installed what it would take, and made its Job: everybody else who applies a rendered chart would
// take away what has just been installed. A person is not asked for either.
func TestWebhooks(t *testing.T) {
	helms := map[string]string{"meta.helm.sh/release-name": "moorage", "meta.helm.sh/release-namespace": "storage"}
	written := func(manager, subresource, fields string) metav1.ManagedFieldsEntry {
		entry := metav1.ManagedFieldsEntry{Manager: manager, Subresource: subresource, FieldsV1: &metav1.FieldsV1{}}
		entry.FieldsV1.SetRawString(fields)
		return entry
	}
	job := func(fields ...metav1.ManagedFieldsEntry) *batchv1.Job {
		return &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: "storage", Name: "moorage-uninstall", ManagedFields: fields}}
	}
	const spec, status = `{"f:spec":{"f:template":{}}}`, `{"f:status":{}}`
	byHelm := job(written("helm", "", spec), written("kube-controller-manager", "status", status))
	hook := &unhook.Helm{Release: unhook.Name{Namespace: "storage", Name: "moorage"}, Hook: unhook.Name{Namespace: "storage", Name: "moorage-uninstall"}}
	for _, c := range []struct {
		name        string
		annotations map[string]string
		job         *batchv1.Job
		options     unhook.Options
		deleted     int
		left        string
	}{
		{"a person", nil, nil, unhook.Options{}, 2, ""},
		{"Helm uninstalls", helms, byHelm, unhook.Options{Helm: hook}, 2, ""},
		{"Flux does", helms, job(written("helm-controller", "", spec)), unhook.Options{Helm: hook}, 2, ""},
		{"Terraform does", helms, job(written("terraform-provider-helm_v3.1.0_x5", "", spec)), unhook.Options{Helm: hook}, 2, ""},
		{"rendered and applied", nil, job(written("kubectl-client-side-apply", "", spec)), unhook.Options{Helm: hook}, 0, "made by kubectl-client-side-apply, not by Helm"},
		{"applied over Helm's release", helms, job(written("kubectl", "", spec)), unhook.Options{Helm: hook}, 0, "made by kubectl, not by Helm"},
		{"by a GitOps tool", helms, job(written("argocd-controller", "", spec)), unhook.Options{Helm: hook}, 0, "made by argocd-controller, not by Helm"},
		{"applied over Helm's Job", helms, job(written("helm", "", spec), written("kubectl", "", spec)), unhook.Options{Helm: hook}, 0, "made by kubectl, not by Helm"},
		{"nobody knows by whom", helms, job(), unhook.Options{Helm: hook}, 0, "does not say who made Job storage/moorage-uninstall"},
		{"only its status is known", helms, job(written("helm", "status", spec)), unhook.Options{Helm: hook}, 0, "does not say who made"},
		{"no Job", helms, nil, unhook.Options{Helm: hook}, 0, "there is no Job storage/moorage-uninstall"},
		{"Helm's Job, and somebody else's configurations", nil, byHelm, unhook.Options{Helm: hook}, 0, "was not installed by Helm"},
		{
			"another release",
			map[string]string{"meta.helm.sh/release-name": "moorage", "meta.helm.sh/release-namespace": "other"},
			byHelm,
			unhook.Options{Helm: hook},
			0, "is of Helm's release other/moorage, not of storage/moorage",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			meta := metav1.ObjectMeta{Name: "moorage", Annotations: c.annotations}
			objects := []runtime.Object{
				&admissionregistrationv1.MutatingWebhookConfiguration{ObjectMeta: meta, Webhooks: []admissionregistrationv1.MutatingWebhook{{Name: webhook.MutateName}}},
				&admissionregistrationv1.ValidatingWebhookConfiguration{ObjectMeta: meta, Webhooks: []admissionregistrationv1.ValidatingWebhook{{Name: webhook.ValidateName}}},
			}
			if c.job != nil {
				objects = append(objects, c.job)
			}
			client := fake.NewClientset(objects...)
			c.options.Name = "moorage"
			got, err := unhook.Webhooks(t.Context(), client, c.options)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Deleted) != c.deleted {
				t.Errorf("deleted %q, want %d", got.Deleted, c.deleted)
			}
			if left := strings.Join(got.Left, "; "); !strings.Contains(left, c.left) || (c.left == "") != (left == "") {
				t.Errorf("left %q, want %q", left, c.left)
			}
			kept, err := client.AdmissionregistrationV1().ValidatingWebhookConfigurations().List(t.Context(), metav1.ListOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if len(kept.Items) != 1-c.deleted/2 {
				t.Errorf("%d validating configurations are left", len(kept.Items))
			}
		})
	}
}
