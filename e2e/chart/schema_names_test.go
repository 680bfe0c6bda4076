// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/chart"
	"github.com/moorage-k8s/moorage/topology/placement"
	"github.com/moorage-k8s/moorage/webhook/defaults"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// The names and words in values.schema.json are those that moorage knows, so that a misspelt one fails before anything is installed.
// `go test ./chart -run TestSchemaNames -update` writes them.
func TestSchemaNames(t *testing.T) {
	path, err := binaries.RepositoryFile(chart.Directory + "/values.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	alerts := alertNames(t)
	after := string(before)
	for name, definition := range map[string]any{
		"rule":       map[string]any{"enum": sorted(rules.IDs())},
		"rules":      object(rules.IDs(), words(rules.Actions())),
		"predicates": object(placement.PredicateNames(), words(placement.Modes())),
		"scorer":     map[string]any{"enum": sorted(placement.ScorerNames())},
		"defaults":   object(defaults.Names(), map[string]any{"type": "boolean"}),
		"alert":      map[string]any{"enum": alerts},
		"severities": object(alerts, map[string]any{"type": "string", "minLength": 1}),
	} {
		line := regexp.MustCompile(`(?m)^    "` + name + `": .*,$`)
		text, err := json.Marshal(definition)
		if err != nil {
			t.Fatal(err)
		}
		if len(line.FindAllString(after, -1)) != 1 {
			t.Fatalf("%s has no line for the definition %q", path, name)
		}
		after = line.ReplaceAllLiteralString(after, `    "`+name+`": `+string(text)+",")
	}
	if *update {
		if err := os.WriteFile(path, []byte(after), 0o644); err != nil { //nolint:gosec // It is public.
			t.Fatal(err)
		}
		return
	}
	if after != string(before) {
		t.Errorf("%s does not have the names of this version; go test ./chart -run TestSchemaNames -update", path)
	}
}

// words are an enumeration that is written as moorage's words are and with a capital, and of which YAML takes off for a boolean.
func words[W ~string](of []W) map[string]any {
	var out []any
	for _, word := range of {
		lower := strings.ToLower(string(word))
		out = append(out, lower, strings.ToUpper(lower[:1])+lower[1:])
		if lower == "off" {
			out = append(out, false)
		}
	}
	return map[string]any{"enum": out}
}

// object is the schema of a mapping from names to values.
func object(names []string, value any) map[string]any {
	properties := map[string]any{}
	for _, name := range names {
		properties[name] = value
	}
	return map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
}

func sorted(names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)
	return names
}

// alertNames are those of files/alerts.yaml.
func alertNames(t *testing.T) []string {
	t.Helper()
	var rules struct {
		Groups []struct{ Rules []struct{ Alert string } }
	}
	if err := yaml.Unmarshal(file(t, "alerts.yaml"), &rules); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, rule := range rules.Groups[0].Rules {
		names = append(names, rule.Alert)
	}
	return sorted(names)
}
