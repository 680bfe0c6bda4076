// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/moorage-k8s/moorage/webhook"
	"github.com/moorage-k8s/moorage/webhook/defaults"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// The webhook configurations of the chart are those that the webhook itself asks for, with every rule and every default switched on: what
// the configuration switches off is then asked about in vain, and what it switches on is asked about.
func TestWebhookConfigurations(t *testing.T) {
	everything := webhook.ConfigurationOptions{
		Client: admissionregistrationv1.WebhookClientConfig{
			Service: &admissionregistrationv1.ServiceReference{Namespace: "moorage", Name: "moorage", Port: new(int32(443))},
		},
		ExcludedNamespaces: []string{"moorage"},
	}
	actions, switches := map[string]rules.Action{}, map[string]bool{}
	for _, id := range rules.IDs() {
		actions[id] = rules.Warn
	}
	for _, name := range defaults.Names() {
		switches[name] = true
	}
	nothing, err := rules.NewNamespaceSelector(nil)
	if err != nil {
		t.Fatal(err)
	}
	if everything.Rules, err = rules.NewEvaluator(rules.EvaluatorOptions{
		Actions:  actions,
		Settings: rules.Settings{SelectedNodeWriters: []string{"system:serviceaccount:moorage:moorage-scheduler"}},
	}); err != nil {
		t.Fatal(err)
	}
	everything.Defaults, err = defaults.NewDefaulter(defaults.Options{Switches: switches, Settings: defaults.Settings{
		SchedulerName: "any", SchedulerNamespaces: nothing, VolumesResource: "moorage.dev/volumes",
		VolumesResourceSchedulers: []string{"any"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	c := combination{}
	var mutating admissionregistrationv1.MutatingWebhookConfiguration
	var validating admissionregistrationv1.ValidatingWebhookConfiguration
	for _, o := range objects(t, c.render(t)) {
		switch o.GetKind() {
		case "MutatingWebhookConfiguration":
			convert(t, o, &mutating)
		case "ValidatingWebhookConfiguration":
			convert(t, o, &validating)
		}
	}
	if diff := cmp.Diff(webhook.MutatingConfiguration(everything).Webhooks, mutating.Webhooks); diff != "" {
		t.Errorf("mutating (-asked for +rendered):\n%s", diff)
	}
	if diff := cmp.Diff(webhook.ValidatingConfiguration(everything).Webhooks, validating.Webhooks); diff != "" {
		t.Errorf("validating (-asked for +rendered):\n%s", diff)
	}
}

func convert(t *testing.T, from *unstructured.Unstructured, into any) {
	t.Helper()
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(from.Object, into, true); err != nil {
		t.Fatalf("%s %s: %v", from.GetKind(), from.GetName(), err)
	}
}
