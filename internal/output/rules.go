// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/webhook/rules"
	"github.com/moorage-k8s/moorage/webhook/suggest"
)

type jsonRule struct {
	ID          string       `json:"id"`
	Summary     string       `json:"summary"`
	Objects     []rules.Kind `json:"objects"`
	Action      rules.Action `json:"action"`
	Symptom     string       `json:"symptom"`
	Remediation string       `json:"remediation"`
	Doc         string       `json:"doc"`
	See         []string     `json:"see,omitempty"`
	NeedsLookup bool         `json:"needsLookup"`
	FilesOnly   bool         `json:"filesOnly"`
}

func ruleForJSON(r *rules.Rule) jsonRule {
	return jsonRule{r.ID, r.Summary, r.Kinds, r.Action, r.Symptom, r.Remediation, r.Doc(), r.See, r.NeedsLookup, r.Check == nil || r.FilesOnly}
}

// Rules writes every rule with its default action.
func Rules(w io.Writer, output string) error {
	registry := rules.Registry()
	list := struct {
		APIVersion string     `json:"apiVersion"`
		Kind       string     `json:"kind"`
		Rules      []jsonRule `json:"rules"`
	}{APIVersion: apiVersion, Kind: "RuleList"}
	for i := range registry {
		list.Rules = append(list.Rules, ruleForJSON(&registry[i]))
	}
	return write(w, output, list, func(out *bytes.Buffer) {
		widest := 0
		for _, r := range list.Rules {
			widest = max(widest, len(r.ID))
		}
		for _, r := range list.Rules {
			first := fmt.Sprintf("%-*s  %-5s  ", widest, r.ID, r.Action)
			fmt.Fprintln(out, text.Wrap(width, r.Summary, first, strings.Repeat(" ", len(first))))
		}
	})
}

// Rule writes all there is to say about one rule. An unknown ID is an error that names the nearest known ones.
func Rule(w io.Writer, id, output string) error {
	registry := rules.Registry()
	for i := range registry {
		if registry[i].ID == id {
			return rule(w, &registry[i], output)
		}
	}
	return fmt.Errorf("there is no rule %q; %s", id, suggest.Sentence(id, rules.IDs()))
}

func rule(w io.Writer, r *rules.Rule, output string) error {
	value := struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		jsonRule   `json:",inline"`
	}{apiVersion, "Rule", ruleForJSON(r)}
	return write(w, output, value, func(out *bytes.Buffer) {
		kinds := make([]string, len(r.Kinds))
		for i, k := range r.Kinds {
			kinds[i] = string(k)
		}
		lookup := "nothing"
		if r.NeedsLookup {
			lookup = "the cluster, or with 'moorage check' the files; silent about what it cannot look up"
		}
		text.Facts(out, width, 13, [][2]string{
			{"rule", r.ID},
			{"fires when", r.Summary},
			{"action", fmt.Sprintf("%s; configure another one with webhook: {rules: {%s: deny|warn|audit|off}}", r.Action, r.ID)},
			{"objects", strings.Join(kinds, ", ")},
			{"looks up", lookup},
			{"otherwise", r.Symptom},
			{"fix", r.Remediation},
			{"more", strings.Join(append([]string{r.Doc()}, r.See...), " ")},
		})
	})
}
