// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/moorage-k8s/moorage/e2e/moorage"
)

// documented matches a row of docs/metrics.md: name and type.
var documented = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| (counter|gauge|histogram) \\|")

// typed matches what an exporter says of a metric.
var typed = regexp.MustCompile(`(?m)^# TYPE (moorage_[a-z_]+) ([a-z]+)$`)

// What a running moorage exports is what docs/metrics.md says, and the API server counts a webhook that it cannot reach by the name
// that the alert MoorageWebhookUnreachable looks for.
func TestMetrics(t *testing.T) {
	c := control(t)
	m := startMoorage(t, c, moorage.Options{})
	ns := namespace(t, c)
	createClaim(t, c, ns, "any", "", "1Gi")

	page, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, row := range documented.FindAllStringSubmatch(string(page), -1) {
		want[row[1]] = row[2]
	}
	text, err := m.Metrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	exported := typed.FindAllStringSubmatch(text, -1)
	if len(exported) < 10 {
		t.Fatalf("moorage exports %d metrics of its own:\n%s", len(exported), text)
	}
	for _, metric := range exported {
		if want[metric[1]] != metric[2] {
			t.Errorf("moorage exports the %s %s; docs/metrics.md says it is a %q", metric[2], metric[1], want[metric[1]])
		}
	}

	if err := m.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	createClaim(t, c, ns, "without-moorage", "", "1Gi")
	await(t, "the API server to count that it went on without moorage", func(ctx context.Context) (bool, error) {
		text, err := c.Client().Discovery().RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
		if err != nil {
			return false, err
		}
		counted := true
		for _, name := range []string{"mutate.moorage.dev", "validate.moorage.dev"} {
			counted = counted && strings.Contains(string(text), `apiserver_admission_webhook_fail_open_count{name="`+name+`"`)
		}
		return counted, nil
	})
}
