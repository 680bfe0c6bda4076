// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/internal/plain"
)

const (
	// stale is the age from which on a watch must be taken for broken: an API server sends bookmarks about every minute.
	stale = 5 * time.Minute
	// metricsPort is that of metrics and probes, by default and in the chart.
	metricsPort = "8080"
)

// cache reads moorage's own metrics, at a URL or through the API server from its pods: how old is its view of the cluster?
func (e *examination) cache(ctx context.Context) Check {
	if e.MetricsURL != "" {
		url := strings.TrimSuffix(e.MetricsURL, "/") + "/metrics"
		text, err := call(ctx, http.DefaultClient, http.MethodGet, url, "")
		if err != nil {
			return failure("see whether moorage serves metrics there (--metrics-bind-address)", "GET %s: %v", url, err)
		}
		return freshness(text, "moorage at "+e.MetricsURL)
	}
	pods, err := e.moorages(ctx)
	if err != nil {
		return unread(ctx, "moorage's pods", err)
	}
	if len(pods) == 0 {
		return skipped("give --metrics-url, if moorage runs elsewhere", "no pod has the label %s", nameLabel)
	}
	var found []Check
	for i := range pods {
		p := &pods[i]
		name := "pod " + p.Namespace + "/" + p.Name
		if !readyPod(p) {
			found = append(found, failure("see kubectl describe pod "+plain.Quote(p.Name)+" -n "+plain.Quote(p.Namespace)+", and its log", "%s is not ready", name))
			continue
		}
		text, err := e.Client.CoreV1().Pods(p.Namespace).ProxyGet("http", p.Name, metricsPort, "/metrics", nil).DoRaw(ctx)
		if err != nil {
			found = append(found, skipped("have 'get pods/proxy' granted, or give --metrics-url", "the metrics of %s cannot be read: %v", name, err))
			continue
		}
		found = append(found, freshness(text, name))
	}
	return worst(found...)
}

func readyPod(p *corev1.Pod) bool {
	return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// freshness judges the metrics of a cache.
func freshness(metrics []byte, who string) Check {
	synced, ages := series(metrics, "moorage_cache_synced"), series(metrics, "moorage_cache_age_seconds")
	if len(synced) == 0 {
		return failure("see what listens there", "%s has no metrics of moorage's cache", who)
	}
	var missing, old []string
	oldest := time.Duration(0)
	for _, s := range synced {
		if s.value == 0 {
			missing = append(missing, s.kind)
		}
	}
	for _, a := range ages {
		age := time.Duration(a.value * float64(time.Second)).Round(time.Second)
		if oldest = max(oldest, age); age > stale {
			old = append(old, fmt.Sprintf("%s (%s)", a.kind, age))
		}
	}
	switch {
	case len(missing) > 0:
		return failure("see whether it may list and watch them (check permissions), and its log", "%s has not read: %s", who, strings.Join(missing, ", "))
	case len(old) > 0:
		return warning("see its log for watches that fail", "%s has not heard for long of: %s", who, strings.Join(old, ", "))
	default:
		return ok("%s has read all kinds, and has heard of each within %s", who, oldest)
	}
}

type sample struct {
	kind  string
	value float64
}

// series reads the samples of a metric that has the one label kind.
func series(metrics []byte, name string) []sample {
	var out []sample
	lines := bufio.NewScanner(bytes.NewReader(metrics))
	lines.Buffer(nil, maxAnswer)
	for lines.Scan() {
		rest, found := strings.CutPrefix(lines.Text(), name+`{kind="`)
		if !found {
			continue
		}
		kind, number, _ := strings.Cut(rest, `"} `)
		value, err := strconv.ParseFloat(number, 64)
		if err == nil {
			out = append(out, sample{kind, value})
		}
	}
	slices.SortFunc(out, func(a, b sample) int { return strings.Compare(a.kind, b.kind) })
	return out
}
