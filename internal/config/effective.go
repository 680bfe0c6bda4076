// SPDX-License-Identifier: Apache-2.0

package config

import (
	"strings"

	"github.com/moorage-k8s/moorage/topology/placement"
	"github.com/moorage-k8s/moorage/webhook/defaults"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// Effective is Default with all written out that is so where nothing is said: the action of each rule, each default, predicate and scorer. It can
// be given to serve, and changes nothing.
func Effective() *Configuration {
	c := Default()
	c.Extender.Predicates = map[string]Word{}
	for _, name := range placement.PredicateNames() {
		c.Extender.Predicates[name] = Word(placement.Enforce)
	}
	for _, name := range placement.ScorerNames() {
		weight := placement.DefaultWeight(name)
		scorer := Scorer{Name: name, Weight: &weight}
		if name == placement.PoolFit {
			scorer.Policy, scorer.ExistingVolumes = string(placement.Spread), string(placement.LeastWaste)
		}
		c.Extender.Scorers = append(c.Extender.Scorers, scorer)
	}
	c.Webhook.Rules = map[string]Word{}
	for _, rule := range rules.Registry() {
		c.Webhook.Rules[rule.ID] = Word(strings.ToLower(string(rule.Action)))
	}
	c.Webhook.Defaults = map[string]bool{}
	for _, each := range defaults.Registry() {
		if each.Configured == nil {
			c.Webhook.Defaults[each.Name] = each.On
		}
	}
	return c
}
