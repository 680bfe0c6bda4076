// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/moorage-k8s/moorage/e2e/chart"
)

// The webhook and the dedicated kube-scheduler are apart: no pod of one is taken for one of the other by a Service, a Deployment, a budget or a
// policy; so that a kube-scheduler that cannot run takes no admission with it. And where the chart makes the service accounts, that of the
// webhook's pods has none of the rights of a kube-scheduler.
func TestWebhookAndSchedulerAreApart(t *testing.T) {
	apart := 0
	for _, c := range combinations(t) {
		rendered := c.render(t)
		pods, accounts := map[string]labels.Set{}, map[string]string{}
		each(t, rendered, func(o *unstructured.Unstructured) {
			if o.GetKind() != "Deployment" && o.GetKind() != "DaemonSet" {
				return
			}
			of, _, err := unstructured.NestedStringMap(o.Object, "spec", "template", "metadata", "labels")
			if err != nil {
				t.Fatal(err)
			}
			pods[o.GetName()] = of
			accounts[o.GetName()], _, _ = unstructured.NestedString(o.Object, "spec", "template", "spec", "serviceAccountName")
		})
		for name, spec := range selectors(t, rendered) {
			var selected []string
			for _, pod := range slices.Sorted(maps.Keys(pods)) {
				if labels.SelectorFromSet(spec).Matches(pods[pod]) {
					selected = append(selected, pod)
				}
			}
			if len(selected) != 1 {
				t.Errorf("%s: %s selects the pods of %q, want those of one", c.name, name, selected)
			}
			if name == "Service "+c.webhookName(t, rendered) && strings.HasSuffix(selected[0], "-scheduler") {
				t.Errorf("%s: the API server's requests go to pods of the scheduler", c.name)
			}
		}
		own := c.webhookName(t, rendered)
		if _, found := pods[own+"-scheduler"]; !found {
			continue
		}
		apart++
		granted, err := rendered.Rights()
		if err != nil {
			t.Fatal(err)
		}
		if _, ofKubernetes := granted.Of(c.namespace(), accounts[own]); len(ofKubernetes) > 0 {
			t.Errorf("%s: the webhook's service account has %q", c.name, ofKubernetes)
		}
	}
	if apart < 10 {
		t.Errorf("%d combinations have a scheduler", apart)
	}
}

// selectors are those of everything that selects pods, by its kind and name.
func selectors(t *testing.T, rendered *chart.Rendered) map[string]labels.Set {
	t.Helper()
	out := map[string]labels.Set{}
	each(t, rendered, func(o *unstructured.Unstructured) {
		at, known := map[string][]string{
			"Service":             {"spec", "selector"},
			"Deployment":          {"spec", "selector", "matchLabels"},
			"DaemonSet":           {"spec", "selector", "matchLabels"},
			"PodDisruptionBudget": {"spec", "selector", "matchLabels"},
			"NetworkPolicy":       {"spec", "podSelector", "matchLabels"},
		}[o.GetKind()]
		if !known {
			return
		}
		selector, _, err := unstructured.NestedStringMap(o.Object, at...)
		if err != nil || len(selector) == 0 {
			t.Fatalf("%s %s selects nothing: %v", o.GetKind(), o.GetName(), err)
		}
		out[o.GetKind()+" "+o.GetName()] = selector
	})
	return out
}

// webhookName is the name of the Service that the API server asks, which is that of the webhook's Deployment as well.
func (c *combination) webhookName(t *testing.T, rendered *chart.Rendered) string {
	t.Helper()
	name := ""
	each(t, rendered, func(o *unstructured.Unstructured) {
		if o.GetKind() == "ValidatingWebhookConfiguration" {
			name = o.GetName()
		}
	})
	return name
}

func (c *combination) namespace() string {
	if c.options.Namespace != "" {
		return c.options.Namespace
	}
	return chart.DefaultRelease
}

// What Kubernetes lets nobody change stays as it was when both were one Deployment, so that such a release is upgraded in place:
// testdata/one-deployment.yaml is what was installed by default then.
func TestUpgradeFromOneDeployment(t *testing.T) {
	text, err := os.ReadFile("testdata/one-deployment.yaml")
	if err != nil {
		t.Fatal(err)
	}
	before, err := (&chart.Rendered{Manifest: string(text)}).Objects()
	if err != nil {
		t.Fatal(err)
	}
	now := map[string]*unstructured.Unstructured{}
	for _, o := range objects(t, (&combination{}).render(t)) {
		now[o.GetKind()+" "+o.GetNamespace()+"/"+o.GetName()] = o
	}
	compared := 0
	for _, o := range before {
		fixed := []string{"roleRef"}
		switch o.GetKind() {
		case "Deployment":
			fixed = []string{"spec", "selector"}
		case "RoleBinding", "ClusterRoleBinding":
		default:
			continue
		}
		then, found := now[o.GetKind()+" "+o.GetNamespace()+"/"+o.GetName()]
		if !found || chart.IsHook(o) {
			continue // Helm deletes it, or recreates it each time.
		}
		was, _, _ := unstructured.NestedMap(o.Object, fixed...)
		is, _, _ := unstructured.NestedMap(then.Object, fixed...)
		if diff := cmp.Diff(was, is); diff != "" {
			t.Errorf("%s %s: %s cannot be changed (-before +now):\n%s", o.GetKind(), o.GetName(), strings.Join(fixed, "."), diff)
		}
		compared++
	}
	if compared < 5 {
		t.Errorf("%d objects were compared", compared)
	}
}
