// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/moorage-k8s/moorage/extender"
	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/internal/lease"
	"github.com/moorage-k8s/moorage/internal/server"
	"github.com/moorage-k8s/moorage/internal/servingcert"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
	"github.com/moorage-k8s/moorage/webhook"
)

// metricsPage is made from the metrics themselves.
const metricsPage = "../../docs/metrics.md"

// The page says what serve exports. `go test ./cmd/moorage -run TestMetricsReference -update` updates it.
func TestMetricsReference(t *testing.T) {
	want := metricsReference(t)
	if *update {
		if err := os.WriteFile(metricsPage, []byte(want), 0o644); err != nil { //nolint:gosec // Documentation is public.
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(metricsPage)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/metrics.md is not what the metrics say (-metrics +page); go test ./cmd/moorage -run TestMetricsReference -update updates it\n%s", diff)
	}
}

// everyMetric is a registry with all that moorage registers, whatever the configuration.
func everyMetric(t *testing.T) *prometheus.Registry {
	t.Helper()
	registry := prometheus.NewRegistry()
	cache := topology.New(topology.Options{})
	engine, err := placement.NewEngine(placement.Config{})
	if err != nil {
		t.Fatal(err)
	}
	extender.New(extender.Options{Snapshot: cache.Snapshot, Missing: cache.Missing, Engine: engine, Registry: registry, Logger: logr.Discard()})
	if _, err := webhook.NewMetrics(registry); err != nil {
		t.Fatal(err)
	}
	if _, err := servingcert.NewSecret(servingcert.SecretOptions{
		Lifetime: time.Hour, Serving: servingcert.Serving{Lifetime: time.Hour}, Registry: registry, Logger: logr.Discard(),
	}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []prometheus.Collector{cache, lease.New(nil, "", "", logr.Discard()), servingcert.NewExtenderExpiry(noCertificate), server.BuildInfo(config.Default())} {
		if err := registry.Register(c); err != nil {
			t.Fatal(err)
		}
	}
	return registry
}

// noCertificate stands for files that are not there.
func noCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return nil, errors.New("there is none")
}

// described reads what prometheus.Desc shows of itself, which it gives in no other way.
var described = regexp.MustCompile(`^Desc\{fqName: "([^"]+)", help: ("(?:[^"\\]|\\.)*"), unit: "[^"]*", constLabels: \{\}, variableLabels: \{([^}]*)\}\}$`)

func metricsReference(t *testing.T) string {
	t.Helper()
	registry := everyMetric(t)
	descriptions := make(chan *prometheus.Desc)
	go func() {
		registry.Describe(descriptions)
		close(descriptions)
	}()
	type metric struct{ name, kind, labels, help string }
	var metrics []metric
	for d := range descriptions {
		parts := described.FindStringSubmatch(d.String())
		if parts == nil {
			t.Fatalf("%s is not described in a way that is understood here", d)
		}
		help, err := strconv.Unquote(parts[2])
		if err != nil {
			t.Fatal(err)
		}
		labels := ""
		if parts[3] != "" {
			labels = "`" + strings.ReplaceAll(parts[3], ",", "`, `") + "`"
		}
		metrics = append(metrics, metric{parts[1], metricKind(parts[1]), labels, help})
	}
	slices.SortFunc(metrics, func(a, b metric) int { return cmp.Compare(a.name, b.name) })
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if got := strings.ToLower(f.GetType().String()); got != metricKind(f.GetName()) {
			t.Errorf("%s is a %s, and its name says that it is a %s", f.GetName(), got, metricKind(f.GetName()))
		}
	}
	var out strings.Builder
	fmt.Fprint(&out, "# Metrics\n\nThis page is made from the metrics themselves by `go test ./cmd/moorage -run TestMetricsReference -update`.\n\n"+
		"`moorage serve` exports these at `/metrics` on `metrics.bindAddress` (`:8080`), with those of the Go runtime, of the process, and of\n"+
		"controller-runtime's webhook server (`controller_runtime_webhook_…`). Those of a part that is switched off are not there, and a series with labels\n"+
		"is there from the first time that it counts something. No label names a pod, a node, a claim or a namespace.\n"+
		"Alerts and a dashboard on them are described in [runbooks](runbooks/README.md).\n\n"+
		"| metric | type | labels | meaning |\n|---|---|---|---|\n")
	for _, m := range metrics {
		fmt.Fprintf(&out, "| `%s` | %s | %s | %s |\n", m.name, m.kind, m.labels, strings.ReplaceAll(m.help, "|", `\|`))
	}
	return out.String()
}

// metricKind is what a metric's name says of its type.
func metricKind(name string) string {
	switch {
	case strings.HasSuffix(name, "_total"):
		return "counter"
	case strings.HasSuffix(name, "_duration_seconds"), strings.HasSuffix(name, "_wait_seconds"):
		return "histogram"
	default:
		return "gauge"
	}
}
