// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// Check reports all that is wrong at once, by line and path, with what was probably meant, and in no words of Go's.
func TestCheckTellsEverything(t *testing.T) {
	text := `apiVersion: moorage.dev/v1alpha1
kind: MoorageConfiguration
extender:
  claimWait: 100
  placmentWait: 10ms
  maxBodyBytes: many
  predicates:
    JointCapcity: off
    SingleWriter: perhaps
  scorers:
  - {name: PoolFitt, weight: 1}
  - {name: PoolFit, weight: heavy}
  - {name: Attached}
webhook:
  rules:
    secret-mod-decimal: off
    secret-env: blok
  rules: {}
  exemptions:
  - namespaces: "openshift-*"
    reason: the platform's own
  - namespaces: ["openshift-*"]
    reason: 1
  defaults: {class-from-beta-annotation: perhaps}
  bidirectionalRoots: [relative/path]
  namespaceRules: {}
`
	want := []string{
		`line 4: extender.claimWait: 100 is no duration; write one such as 100ms, 30s or 1h30m`,
		`line 5: unknown field "extender.placmentWait"; did you mean placementWait?`,
		`line 6: extender.maxBodyBytes: "many" is no whole number`,
		`line 8: extender.predicates.JointCapcity: there is no such predicate; did you mean JointCapacity?`,
		`line 9: extender.predicates.SingleWriter: "perhaps" is none of Enforce, Score, Off`,
		`line 11: extender.scorers[0].name: there is no such scorer; did you mean PoolFit?`,
		`line 12: extender.scorers[1].weight: "heavy" is no whole number`,
		`line 13: extender.scorers[2].weight: required; 0 switches Attached off`,
		`line 16: webhook.rules.secret-mod-decimal: there is no such rule; did you mean secret-mode-decimal`,
		`line 17: webhook.rules.secret-env: unknown action "blok": use deny, warn, audit or off`,
		`line 18: "webhook.rules" already set above; put both into one`,
		`line 20: webhook.exemptions[0].namespaces: it is "openshift-*"; want a list, [a, b]`,
		`line 22: webhook.exemptions[1].namespaces[0]: "openshift-*" is not the name of a namespace`,
		`line 23: webhook.exemptions[1].reason: 1 is no text; put it into quotes`,
		`line 24: webhook.defaults.class-from-beta-annotation: "perhaps" is neither true nor false`,
		`line 25: webhook.bidirectionalRoots[0]: "relative/path" is no directory of a node; it begins with /`,
		`line 26: webhook.namespaceRules: it is a mapping; want a list, [a, b]`,
	}
	told := map[string]bool{}
	for _, fault := range config.Check([]byte(text)) {
		line := fault.Error()
		for _, foreign := range []string{"json:", "Go struct", "unmarshal", "yaml:"} {
			if strings.Contains(line, foreign) {
				t.Errorf("Go's words: %s", line)
			}
		}
		for _, w := range want {
			if strings.HasPrefix(line, w) {
				told[w] = true
			}
		}
		t.Log(line)
	}
	for _, w := range want {
		// A rule that is there twice is judged in neither place.
		if !told[w] && !strings.Contains(w, "webhook.rules.") {
			t.Errorf("not told: %s", w)
		}
	}
	_, err := config.Parse([]byte(text))
	if err == nil || !strings.Contains(err.Error(), want[0]) || strings.Contains(err.Error(), "Go struct") {
		t.Errorf("serve says: %v", err)
	}
}

// Faults that stand alone.
func TestCheckFindsTheLine(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{head + "webhook:\n  rules: {secret-mod-decimal: off}\n", "line 4: webhook.rules.secret-mod-decimal: there is no such rule; did you mean secret-mode-decimal?"},
		{head + "extender:\n  scorers:\n  - {name: PoolFitt, weight: 1}\n", "line 5: extender.scorers[0].name: there is no such scorer; did you mean PoolFit?"},
		{head + "webhook:\n  certFile: tls.crt\n", "line 4: webhook.certFile, webhook.keyFile: give both or neither"},
		{"kind: MoorageConfiguration\n", "want apiVersion: moorage.dev/v1alpha1"},
		{"a: [", "not YAML"},
		{"- a\n", "line 1: it is a list; want a mapping"},
		{head + "webhook: {authority: {namespace: a, lifetime: 1s}}\n", "line 3: webhook.authority.lifetime: 1s is less than 15s"},
	} {
		found := false
		for _, fault := range config.Check([]byte(c.text)) {
			found = found || strings.Contains(fault.Error(), c.want)
		}
		if !found {
			t.Errorf("%q: %v, want %s", c.text, config.Check([]byte(c.text)), c.want)
		}
	}
}

// What is written out in full is taken, and means the same as saying nothing.
func TestEffective(t *testing.T) {
	text, err := yaml.Marshal(config.Effective())
	if err != nil {
		t.Fatal(err)
	}
	if faults := config.Check(text); len(faults) > 0 {
		t.Fatalf("%v in\n%s", faults, text)
	}
	full, err := config.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range placement.PredicateNames() {
		// The mode of a predicate of which nothing is said.
		if mode := full.Placement().Predicates[name]; mode != placement.Enforce {
			t.Errorf("%s is %s", name, mode)
		}
	}
	if len(full.Extender.Scorers) != len(placement.ScorerNames()) || len(full.Webhook.Rules) < 40 {
		t.Errorf("%d scorers, %d rules", len(full.Extender.Scorers), len(full.Webhook.Rules))
	}
	if diff := cmp.Diff(config.Default().Extender.ClaimWait, full.Extender.ClaimWait); diff != "" {
		t.Error(diff)
	}
}
