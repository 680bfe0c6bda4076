// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	kyaml "sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/e2e/chart"
)

// Every pod, of a hook or a test as well, goes to a node whose programs it can run.
func TestEveryPodRunsOnLinux(t *testing.T) {
	pods := 0
	for _, c := range combinations(t) {
		for _, o := range objects(t, c.render(t)) {
			pod := podOf(t, o)
			if pod == nil {
				continue
			}
			pods++
			if pod.Spec.NodeSelector["kubernetes.io/os"] != "linux" {
				t.Errorf("%s: a pod of %s %s may go to a node of any system", c.name, o.GetKind(), o.GetName())
			}
		}
	}
	if pods < 100 {
		t.Errorf("%d pods were looked at", pods)
	}
}

// A release in kube-system has no quota there, which would count pods of others.
func TestNoQuotaInKubeSystem(t *testing.T) {
	for namespace, want := range map[string]int{"kube-system": 0, "moorage": 1} {
		quotas := 0
		for _, o := range objects(t, (&combination{options: chart.Options{Namespace: namespace}}).render(t)) {
			if o.GetKind() == "ResourceQuota" {
				quotas++
			}
		}
		if quotas != want {
			t.Errorf("in %s there are %d quotas, want %d", namespace, quotas, want)
		}
	}
}

// No two keys of any object are the same, whatever labels and annotations the values have: where they name one of the chart's own, they replace it or
// are refused. And what is selected is what is there.
func TestLabelsOfValues(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	keys := []string{"app.kubernetes.io/part-of", "team", "release", "example.com/owner", "cert-manager.io/inject-ca-from", "prometheus.io/scrape"}
	some := func() map[string]any {
		out := map[string]any{}
		for range random.IntN(4) {
			out[keys[random.IntN(len(keys))]] = fmt.Sprint("v", random.IntN(3))
		}
		return out
	}
	for range 20 {
		values := map[string]any{
			"commonLabels": some(), "podLabels": some(), "podAnnotations": some(), "tls": map[string]any{"mode": "certManager"},
			"webhook":        map[string]any{"labels": some(), "annotations": some()},
			"service":        map[string]any{"annotations": some()},
			"metrics":        map[string]any{"annotations": some()},
			"serviceMonitor": map[string]any{"enabled": true, "labels": some(), "annotations": some()},
			"prometheusRule": map[string]any{"enabled": true, "labels": some(), "additionalLabels": some(), "additionalAnnotations": some()},
		}
		rendered, err := chart.Render(chart.Options{Values: values})
		if err != nil {
			t.Fatalf("%v: %v", values, err)
		}
		for document := range strings.SplitSeq(rendered.Manifest+"\n"+rendered.Hooks, "\n---\n") {
			var into map[string]any
			if err := kyaml.UnmarshalStrict([]byte(document), &into); err != nil {
				t.Errorf("%v: %v in\n%s", values, err, document)
			}
		}
		pods := map[string]labels.Set{}
		each(t, rendered, func(o *unstructured.Unstructured) {
			if o.GetKind() == "Deployment" {
				pods[o.GetName()], _, _ = unstructured.NestedStringMap(o.Object, "spec", "template", "metadata", "labels")
			}
		})
		for name, selector := range selectors(t, rendered) {
			selected := 0
			for _, of := range pods {
				if labels.SelectorFromSet(selector).Matches(of) {
					selected++
				}
			}
			if selected != 1 {
				t.Errorf("%v: %s selects the pods of %d Deployments", values, name, selected)
			}
		}
	}
}

// The cases that somebody met render what they ask for.
func TestValuesThatPeopleAskFor(t *testing.T) {
	for _, c := range []struct{ name, values, want string }{
		{"the condition of a chart that has this one inside", "enabled: true", "kind: Deployment"},
		{"an older kube-scheduler than the cluster", "scheduler: {image: {tag: v1.30.14}}", "path: /healthz\n            port: scheduler"},
		{"AKS' opt-out", "webhook: {annotations: {admissions.enforcer/disabled: 'true'}}", `admissions.enforcer/disabled: "true"`},
		{"a further match condition", "webhook: {matchConditions: [{name: x, expression: 'true'}]}", `expression: "true"`},
		{"parallelism", "scheduler: {configuration: {parallelism: 32}}", "    parallelism: 32"},
		{"old ReplicaSets", "revisionHistoryLimit: 0", "revisionHistoryLimit: 0"},
		{"an action with a capital", "config: {webhook: {rules: {secret-env: Deny}}}", "secret-env: Deny"},
		{"a bare off", "config: {webhook: {rules: {secret-env: off}}, extender: {predicates: {JointCapacity: off}}}", "secret-env: false"},
		{"a label of the ServiceMonitor", "serviceMonitor: {enabled: true, labels: {app.kubernetes.io/instance: prom}}", "app.kubernetes.io/instance: prom"},
	} {
		values, err := chart.Values([]byte(c.values))
		if err != nil {
			t.Fatal(err)
		}
		rendered, err := chart.Render(chart.Options{Values: values})
		switch {
		case err != nil:
			t.Errorf("%s: %v", c.name, err)
		case !strings.Contains(rendered.Manifest, c.want):
			t.Errorf("%s: the manifest does not have %q", c.name, c.want)
		}
	}
	values := map[string]any{"prometheusRule": map[string]any{"enabled": true, "disabledAlerts": anys(alertNames(t))}}
	for _, o := range objects(t, (&combination{options: chart.Options{Values: values}}).render(t)) {
		if o.GetKind() == "PrometheusRule" {
			t.Errorf("with all alerts disabled there is a PrometheusRule: %v", o.Object["spec"])
		}
	}
}

func anys(of []string) []any {
	var out []any
	for _, s := range of {
		out = append(out, s)
	}
	return out
}
