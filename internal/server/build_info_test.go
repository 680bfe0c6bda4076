// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/internal/server"
)

// Pods of one release have the same digest of their configuration wherever they listen, and others another.
func TestBuildInfoTellsConfigurationsApart(t *testing.T) {
	one, elsewhere, other := config.Default(), config.Default(), config.Default()
	elsewhere.Webhook.BindAddress, elsewhere.Extender.BindAddress, elsewhere.Metrics.BindAddress, elsewhere.Webhook.CertFile = "0", ":1", ":2", "tls.crt"
	other.Webhook.Rules = map[string]config.Word{"secret-env": "off"}
	if a, b := configurationLabel(t, one), configurationLabel(t, elsewhere); a != b || a == "" {
		t.Errorf("with other addresses the digest is %q, want %q", b, a)
	}
	if a, b := configurationLabel(t, one), configurationLabel(t, other); a == b {
		t.Errorf("with another rule the digest is the same, %q", a)
	}
}

func configurationLabel(t *testing.T, c *config.Configuration) string {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(server.BuildInfo(c))
	families, err := registry.Gather()
	if err != nil || len(families) != 1 || families[0].GetName() != "moorage_build_info" || families[0].GetMetric()[0].GetGauge().GetValue() != 1 {
		t.Fatalf("%v: %v", families, err)
	}
	for _, l := range families[0].GetMetric()[0].GetLabel() {
		if l.GetName() == "configuration" {
			return l.GetValue()
		}
	}
	return ""
}
