// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/moorage-k8s/moorage/internal/config"
)

// With manifests, on somebody's own machine, serve listens for that machine alone, unless a flag says otherwise.
func TestServeFromFilesListensOnLoopback(t *testing.T) {
	for _, tc := range []struct {
		name             string
		flags            serveFlags
		args             []string
		metrics, webhook string
	}{
		{"an API server", serveFlags{}, nil, config.Default().Metrics.BindAddress, config.Default().Webhook.BindAddress},
		{"manifests", serveFlags{from: []string{"x"}}, nil, "127.0.0.1:8080", "127.0.0.1:10250"},
		{"manifests and a flag", serveFlags{from: []string{"x"}, metricAddress: ":9000"}, []string{"--metrics-bind-address=:9000"}, ":9000", "127.0.0.1:10250"},
	} {
		cmd := serveCommand()
		if err := cmd.ParseFlags(tc.args); err != nil {
			t.Fatal(err)
		}
		c, err := tc.flags.configuration(cmd)
		if err != nil {
			t.Fatal(err)
		}
		if c.Metrics.BindAddress != tc.metrics || c.Webhook.BindAddress != tc.webhook {
			t.Errorf("%s: it listens on %s and %s, want %s and %s", tc.name, c.Metrics.BindAddress, c.Webhook.BindAddress, tc.metrics, tc.webhook)
		}
	}
}
