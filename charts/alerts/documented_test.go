// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
)

const docs = "../../docs/"

// row is a line of the table in docs/metrics.md: name, type, labels.
var row = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| (counter|gauge|histogram) \\| ([^|]*) \\|")

// others are metrics of other programs that alerts, dashboard or runbooks ask for, with the labels that they have.
var others = map[string][]string{
	"apiserver_admission_webhook_fail_open_count":          {"name", "type"},
	"apiserver_admission_webhook_rejection_count":          {"name", "type", "operation", "error_type", "rejection_code"},
	"scheduler_pending_pods":                               {"queue"},
	"scheduler_schedule_attempts_total":                    {"result", "profile"},
	"scheduler_scheduling_attempt_duration_seconds_bucket": {"result", "profile", "le"},
	"container_cpu_cfs_throttled_periods_total":            {"namespace", "pod", "container"},
	"process_resident_memory_bytes":                        {},
	"controller_runtime_webhook_requests_total":            {"webhook", "code"},
	"controller_runtime_webhook_latency_seconds":           {"webhook"},
}

// targetLabels are what Prometheus gives every series of a pod that the chart's ServiceMonitor finds, and what one of many clusters tells them by.
var targetLabels = []string{"cluster", "namespace", "pod", "instance", "job", "container", "service", "endpoint"}

// exported returns the series that moorage exports, by name, with their labels: docs/metrics.md is made from the metrics.
func exported(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, r := range row.FindAllStringSubmatch(read(t, docs+"metrics.md"), -1) {
		var has []string
		for label := range strings.SplitSeq(strings.ReplaceAll(r[3], "`", ""), ", ") {
			if label == "" {
				continue
			}
			has = append(has, label)
			if slices.Contains(targetLabels, label) {
				t.Errorf("%s: Prometheus gives each series a label %s of the pod, and this one would become exported_%s", r[1], label, label)
			}
		}
		if r[2] != "histogram" {
			out[r[1]] = has
			continue
		}
		out[r[1]+"_count"], out[r[1]+"_sum"], out[r[1]+"_bucket"] = has, has, append([]string{"le"}, has...)
	}
	if len(out) < 20 {
		t.Fatalf("docs/metrics.md has %d series", len(out))
	}
	for name, has := range others {
		out[name] = has
	}
	return out
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// check parses an expression and looks whether every series that it asks for is exported, with the labels that it matches and groups by.
func check(t *testing.T, where, text string, exported map[string][]string) {
	t.Helper()
	expression, err := parser.NewParser(parser.Options{}).ParseExpr(text)
	if err != nil {
		t.Errorf("%s: %v in\n%s", where, err, text)
		return
	}
	parser.Inspect(expression, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			has, known := exported[n.Name]
			if !known {
				t.Errorf("%s: nothing exports %s", where, n.Name)
			}
			for _, m := range n.LabelMatchers {
				if m.Name != model.MetricNameLabel && !slices.Contains(has, m.Name) && !slices.Contains(targetLabels, m.Name) {
					t.Errorf("%s: %s has no label %s", where, n.Name, m.Name)
				}
			}
		case *parser.AggregateExpr:
			for _, label := range n.Grouping {
				if !has(n.Expr, label, exported) {
					t.Errorf("%s: nothing in %s has the label %s", where, n.Expr, label)
				}
			}
		}
		return nil
	})
}

// has reports whether any series in an expression has the label.
func has(in parser.Expr, label string, exported map[string][]string) bool {
	found := slices.Contains(targetLabels, label)
	parser.Inspect(in, func(node parser.Node, _ []parser.Node) error {
		if n, ok := node.(*parser.VectorSelector); ok {
			found = found || slices.Contains(exported[n.Name], label)
		}
		return nil
	})
	return found
}
