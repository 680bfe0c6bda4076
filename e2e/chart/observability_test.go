// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/e2e/chart"
)

// The alerts and the dashboard reach Prometheus and Grafana as their files have them, with what these expand themselves, and without the
// alerts that somebody does not want.
func TestAlertsAndDashboardAreTakenOver(t *testing.T) {
	rendered, err := chart.Render(chart.Options{Values: map[string]any{
		"prometheusRule":   map[string]any{"enabled": true, "disabledAlerts": []any{"MoorageExtenderSlow"}},
		"grafanaDashboard": map[string]any{"enabled": true},
	}})
	if err != nil {
		t.Fatal(err)
	}
	objects, err := rendered.Objects()
	if err != nil {
		t.Fatal(err)
	}
	var rule, dashboard map[string]any
	for _, o := range objects {
		switch {
		case o.GetKind() == "PrometheusRule":
			rule = o.Object
		case o.GetKind() == "ConfigMap" && o.GetLabels()["grafana_dashboard"] == "1":
			dashboard = o.Object
		}
	}
	if rule == nil || dashboard == nil {
		t.Fatal("there is no PrometheusRule, or no ConfigMap with the label grafana_dashboard")
	}

	var want map[string]any
	if err := yaml.Unmarshal(file(t, "alerts.yaml"), &want); err != nil {
		t.Fatal(err)
	}
	group := want["groups"].([]any)[0].(map[string]any)
	var rules []any
	for _, r := range group["rules"].([]any) {
		if r.(map[string]any)["alert"] != "MoorageExtenderSlow" {
			rules = append(rules, r)
		}
	}
	if len(rules) != len(group["rules"].([]any))-1 {
		t.Fatal("there is no alert MoorageExtenderSlow")
	}
	group["rules"] = rules
	if diff := cmp.Diff(want, rule["spec"]); diff != "" {
		t.Errorf("the rules differ from files/alerts.yaml (-file +object)\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"moorage.json": string(file(t, "dashboard.json"))}, dashboard["data"]); diff != "" {
		t.Errorf("the dashboard differs from files/dashboard.json (-file +object)\n%s", diff)
	}
}

// Slow is what takes longer than half of the timeout that the chart sets, whatever that is.
func TestSlowFollowsTheTimeouts(t *testing.T) {
	for _, c := range []struct {
		seconds           int
		httpTimeout       string
		webhook, extender string
	}{
		{2, "2s", "> 1", "> 1"},
		{5, "500ms", "> 2.5", "> 0.25"},
		{1, "1m", "> 0.5", "> 30"},
		{30, "1m30s", "> 15", "> 45"},
		// No histogram tells more than its last bucket: who takes that long is slow in any case.
		{2, "1h", "> 1", "> 50"},
	} {
		rendered, err := chart.Render(chart.Options{Values: map[string]any{
			"prometheusRule": map[string]any{"enabled": true},
			"webhook":        map[string]any{"timeoutSeconds": c.seconds},
			"scheduler":      map[string]any{"extender": map[string]any{"httpTimeout": c.httpTimeout}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		objects, err := rendered.Objects()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, o := range objects {
			groups, _, _ := unstructured.NestedSlice(o.Object, "spec", "groups")
			for _, g := range groups {
				rules, _, _ := unstructured.NestedSlice(g.(map[string]any), "rules")
				for _, r := range rules {
					rule := r.(map[string]any)
					got[rule["alert"].(string)] = rule["expr"].(string)
				}
			}
		}
		for alert, want := range map[string]string{"MoorageWebhookSlow": c.webhook, "MoorageExtenderSlow": c.extender} {
			if !strings.HasSuffix(got[alert], ") "+want) {
				t.Errorf("with timeouts of %d s and %s, %s is %q, want it to end in %s", c.seconds, c.httpTimeout, alert, got[alert], want)
			}
		}
	}
}

// file reads one of the chart's files.
func file(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("../../charts/moorage/files/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
