// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"context"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/moorage-k8s/moorage/webhook/catalog"
	"github.com/moorage-k8s/moorage/webhook/suggest"
)

// Evaluator asks the rules about objects. It is immutable and safe for concurrent use.
type Evaluator struct {
	catalog  *catalog.Catalog
	settings Settings
	rules    []active
}

// active is a rule that is on, with its configured action.
type active struct {
	Rule
	override Action
	kinds    map[Kind]bool
}

// EvaluatorOptions configure an Evaluator. The zero value means every default.
type EvaluatorOptions struct {
	// Actions replace rules' actions, by rule ID.
	Actions map[string]Action
	// Settings are the rules' parameters.
	Settings Settings
	// Catalog is the driver matrix; nil means the one that this build carries.
	Catalog *catalog.Catalog
}

// NewEvaluator makes an Evaluator of the registry's rules. An unknown rule ID or action is an error that names the nearest
// known ones.
func NewEvaluator(opts EvaluatorOptions) (*Evaluator, error) {
	return newEvaluator(registry, opts)
}

func newEvaluator(all []Rule, opts EvaluatorOptions) (*Evaluator, error) {
	known := make([]string, len(all))
	for i := range all {
		known[i] = all[i].ID
	}
	for _, id := range slices.Sorted(maps.Keys(opts.Actions)) {
		if !slices.Contains(known, id) {
			return nil, fmt.Errorf("configure the action of rule %q: there is no such rule; %s", id, suggest.Sentence(id, known))
		}
		if _, err := ParseAction(string(opts.Actions[id])); err != nil {
			return nil, fmt.Errorf("configure the action of rule %q: %w", id, err)
		}
	}
	settings, err := opts.Settings.withDefaults()
	if err != nil {
		return nil, err
	}
	e := &Evaluator{catalog: opts.Catalog, settings: settings}
	if e.catalog == nil {
		e.catalog = catalog.Default()
	}
	for i := range all {
		a := active{Rule: all[i], override: opts.Actions[all[i].ID], kinds: map[Kind]bool{}}
		if a.override == Off || (a.override == "" && a.Action == Off) {
			continue
		}
		for _, k := range a.Kinds {
			a.kinds[k] = true
		}
		e.rules = append(e.rules, a)
	}
	return e, nil
}

// Question is what an Evaluator is asked.
type Question struct {
	Kind   Kind
	Object runtime.Object
	// Old is the object before an update; nil for a creation.
	Old runtime.Object
	// AsWritten says that the object was read from a file, and has none of the API server's defaults.
	AsWritten bool
	// Namespace is where the object is to be, if its metadata does not say it.
	Namespace string
	// Lookup sees the cluster; nil makes the rules that need it silent.
	Lookup Lookup
	// OnlyExplainAPI asks only for findings on objects that the API server's own validation refuses.
	OnlyExplainAPI bool
}

// Result is an Evaluator's answer.
type Result struct {
	// Findings are in the registry's order, and within a rule in the object's.
	Findings []Finding
	// Panics are the rules that failed on this object. Their findings are missing.
	Panics []Panic
	// Skipped counts the rules that were not asked because the context ended first.
	Skipped int
}

// Panic is a rule's failure, for the caller to count and log.
type Panic struct {
	Rule  string
	Value any
	Stack []byte
}

// Evaluate asks every rule that concerns the object. On an update a rule tells only what the update makes worse, so that an
// object that was already in breach can still be updated. Rules do not wait; the context is looked at between them.
func (e *Evaluator) Evaluate(ctx context.Context, q Question) Result {
	var result Result
	in := Input{
		Kind: q.Kind, Object: q.Object, Old: q.Old, AsWritten: q.AsWritten, Namespace: q.Namespace, Lookup: q.Lookup,
		Catalog: e.catalog, Settings: &e.settings,
	}
	if o, err := meta.Accessor(q.Object); err == nil && o.GetNamespace() != "" {
		in.Namespace = o.GetNamespace()
	}
	for i := range e.rules {
		r := &e.rules[i]
		if r.Check == nil || !r.kinds[q.Kind] || (q.OnlyExplainAPI && !r.ExplainsAPI) {
			continue
		}
		if ctx.Err() != nil {
			result.Skipped++
			continue
		}
		found, failure := r.ask(in)
		if failure == nil && q.Old != nil && len(found) > 0 {
			before := in
			before.Object, before.Old = q.Old, nil
			var already []Finding
			already, failure = r.ask(before)
			found = worsened(found, already)
		}
		if failure != nil {
			result.Panics = append(result.Panics, *failure)
			continue
		}
		for _, f := range found {
			if q.OnlyExplainAPI && !f.RefusedByAPI {
				continue
			}
			result.Findings = append(result.Findings, r.complete(f))
		}
	}
	return result
}

// Told completes a finding of a rule about the text of objects, which has no Check: with its action, and with what the rule's
// findings have in common. It is false if the rule is off.
func (e *Evaluator) Told(id string, f Finding) (Finding, bool) {
	for i := range e.rules {
		if r := &e.rules[i]; r.ID == id {
			return r.complete(f), true
		}
	}
	return Finding{}, false
}

func (r *active) ask(in Input) (found []Finding, failure *Panic) {
	defer func() {
		if v := recover(); v != nil {
			found, failure = nil, &Panic{Rule: r.ID, Value: v, Stack: debug.Stack()}
		}
	}()
	return r.Check(&in), nil
}

// complete fills in what a rule's findings have in common.
func (r *active) complete(f Finding) Finding {
	f.Rule = r.ID
	if f.Action == "" {
		f.Action = r.Action
	}
	if r.override != "" {
		f.Action = r.override
	}
	if f.Symptom == "" {
		f.Symptom = r.Symptom
	}
	if f.Remediation == "" {
		f.Remediation = r.Remediation
	}
	return f
}

// worsened leaves out of found what the old object already had. Findings are compared by message, as a multiset: indexes may
// have shifted, but two containers with a fault where there was one are worse.
func worsened(found, already []Finding) []Finding {
	had := make(map[string]int, len(already))
	for _, f := range already {
		had[f.Message]++
	}
	kept := found[:0:0]
	for _, f := range found {
		if had[f.Message] > 0 {
			had[f.Message]--
			continue
		}
		kept = append(kept, f)
	}
	return kept
}
