// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

const (
	alertsFile = "../moorage/files/alerts.yaml"
	runbooks   = docs + "runbooks/"
	runbookURL = "https://github.com/moorage-k8s/moorage/blob/main/docs/runbooks/"
)

// rules returns the chart's alerts as Prometheus reads them.
func rules(t *testing.T) []rulefmt.Rule {
	t.Helper()
	groups, errs := rulefmt.ParseFile(alertsFile, false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	for _, err := range errs {
		t.Error(err)
	}
	if t.Failed() {
		t.FailNow()
	}
	var out []rulefmt.Rule
	for _, g := range groups.Groups {
		out = append(out, g.Rules...)
	}
	return out
}

// Every alert asks for series that there are, says what is the matter, and has a page that says what to do; and there is no page
// without an alert.
func TestEveryAlertCanFireAndHasARunbook(t *testing.T) {
	exported := exported(t)
	index := read(t, runbooks+"README.md")
	pages := []string{"README.md"}
	for _, r := range rules(t) {
		check(t, r.Alert, r.Expr, exported)
		page := r.Alert + ".md"
		pages = append(pages, page)
		if r.Annotations["runbook_url"] != runbookURL+page {
			t.Errorf("%s: the runbook is %q, want %s", r.Alert, r.Annotations["runbook_url"], runbookURL+page)
		}
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" || r.Labels["severity"] == "" || r.For == 0 {
			t.Errorf("%s lacks a summary, a description, a severity or a time to wait", r.Alert)
		}
		if !strings.HasPrefix(read(t, runbooks+page), "# "+r.Alert+"\n") || !strings.Contains(index, "["+r.Alert+"]("+page+")") {
			t.Errorf("%s: its page has another title, or is not in the index", r.Alert)
		}
	}
	entries, err := os.ReadDir(runbooks)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(pages, e.Name()) {
			t.Errorf("%s is a page without an alert", e.Name())
		}
	}
}

// The queries on the pages can be pasted into Prometheus.
func TestQueriesInRunbooks(t *testing.T) {
	exported := exported(t)
	queries := 0
	for _, r := range rules(t) {
		for line := range strings.Lines(read(t, runbooks+r.Alert+".md")) {
			query, indented := strings.CutPrefix(strings.TrimRight(line, "\n"), "    ")
			if indented && !strings.HasPrefix(strings.TrimSpace(query), "kubectl ") && !inYAML(query) {
				check(t, r.Alert+".md", query, exported)
				queries++
			}
		}
	}
	if queries < 5 {
		t.Errorf("%d queries were found", queries)
	}
}

// inYAML tells a line of a values file, of which the pages show some.
func inYAML(line string) bool {
	key, _, found := strings.Cut(strings.TrimSpace(line), ":")
	return found && !strings.ContainsAny(key, " ({[")
}
