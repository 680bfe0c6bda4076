// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/promqltest"
	prometheusrules "github.com/prometheus/prometheus/rules"
)

// Where a part of moorage is switched off and so exports nothing, the faults of the other part are counted all the same.
func TestFaultsAreShownWhateverIsExported(t *testing.T) {
	query := expression(t, "Faults of moorage")
	series := []string{
		`moorage_extender_panics_total{namespace="m",pod="a"} 0+1x60`,
		`moorage_webhook_rule_panics_total{rule="any",namespace="m",pod="a"} 0+1x60`,
	}
	for _, c := range []struct {
		exported []string
		want     float64
	}{{nil, 0}, {series[:1], 60}, {series[1:], 60}, {series, 120}} {
		if got := stored(t, c.exported)(query); len(got) != 1 || got[0] < c.want-3 || got[0] > c.want+3 {
			t.Errorf("with %q the panel shows %v, want about %v", c.exported, got, c.want)
		}
	}
}

// Every query of the dashboard gives data where moorage exports all that docs/metrics.md has and the programs beside it what they have, in a
// cluster without the label cluster and in one with it.
func TestEveryQueryGivesData(t *testing.T) {
	for _, cluster := range []string{"", `cluster="a",`} {
		var series []string
		for name, has := range exported(t) {
			var pairs []string
			for _, label := range has {
				if label != "le" && !slices.Contains(targetLabels, label) {
					pairs = append(pairs, label+`="`+value(label)+`"`)
				}
			}
			on := "{" + cluster + strings.Join(append(pairs, pod), ",") + "%s} 0+1x60"
			if strings.HasSuffix(name, "_bucket") {
				series = append(series, name+fmt.Sprintf(on, `,le="1"`), name+fmt.Sprintf(on, `,le="+Inf"`))
				continue
			}
			if name == "moorage_cache_synced" || name == "moorage_build_info" {
				on = strings.Replace(on, "0+1x60", "1x60", 1)
			}
			series = append(series, name+fmt.Sprintf(on, ""))
		}
		ask := stored(t, series)
		for _, p := range panels(t) {
			for _, target := range p.Targets {
				if got := ask(target.Expr); len(got) == 0 {
					t.Errorf("%s: %s gives nothing", p.Title, target.Expr)
				}
			}
		}
	}
}

// value is one that a label can have, where a query asks for it.
func value(label string) string {
	if label == "queue" {
		return "active"
	}
	return "any"
}

func panels(t *testing.T) []panel {
	t.Helper()
	var dashboard struct{ Panels []panel }
	if err := json.Unmarshal([]byte(read(t, "../moorage/files/dashboard.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	return dashboard.Panels
}

func expression(t *testing.T, title string) string {
	t.Helper()
	for _, p := range panels(t) {
		if p.Title == title {
			return p.Targets[0].Expr
		}
	}
	t.Fatalf("there is no panel %q", title)
	return ""
}

// stored returns who answers the dashboard's queries about some series, an hour after the first sample.
func stored(t *testing.T, series []string) func(query string) []float64 {
	t.Helper()
	storage := promqltest.LoadedStorage(t, "load 1m\n  "+strings.Join(slices.Concat(series, []string{"other 1x60"}), "\n  "))
	t.Cleanup(func() { _ = storage.Close() })
	ask := prometheusrules.EngineQueryFunc(promqltest.NewTestEngine(t, false, 0, 100_000), storage)
	return func(query string) []float64 {
		text := strings.NewReplacer("$__rate_interval", "5m", "$namespace", ".*", "$cluster", ".*").Replace(query)
		vector, err := ask(t.Context(), text, time.Unix(0, 0).Add(time.Hour))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		var out []float64
		for _, sample := range vector {
			out = append(out, sample.F)
		}
		return out
	}
}
