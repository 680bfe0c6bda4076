// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
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

// file reads one of the chart's files.
func file(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("../../charts/moorage/files/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
