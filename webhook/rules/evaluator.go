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

	"github.com/moorage-k8s/moorage/catalog"
	"github.com/moorage-k8s/moorage/topology"
)

// Evaluator asks the rules about objects. It is immutable and safe for concurrent use.
type Evaluator struct {
	catalog    *catalog.Catalog
	settings   Settings
	rules      []active
	names      names
	namespaces []NamespaceActions
	exemptions []Exemption
}

// active is a rule that is on somewhere, with its configured action.
type active struct {
	Rule
	override Action
	kinds    map[Kind]bool
}

// EvaluatorOptions configure an Evaluator. The zero value means every default.
type EvaluatorOptions struct {
	// Actions replace rules' actions, by rule ID.
	Actions map[string]Action
	// NamespaceActions replace them again for objects in some namespaces: for each rule the first that selects the namespace
	// and names the rule.
	NamespaceActions []NamespaceActions
	// Mandatory are rules that no exemption lifts and that may be off nowhere.
	Mandatory []string
	// Exemptions lift rules from some objects.
	Exemptions []Exemption
	// Settings are the rules' parameters.
	Settings Settings
	// Catalog is the driver matrix; nil means the one that this build carries.
	Catalog *catalog.Catalog
}

// switchesOff says that the rule is off, in all namespaces or in some.
func (o *EvaluatorOptions) switchesOff(id string) bool {
	return o.Actions[id] == Off || slices.ContainsFunc(o.NamespaceActions, func(n NamespaceActions) bool { return n.Actions[id] == Off })
}

// NewEvaluator makes an Evaluator of the registry's rules. An unknown rule ID or action is an error that names the nearest
// known ones.
func NewEvaluator(opts EvaluatorOptions) (*Evaluator, error) {
	return newEvaluator(registry, opts)
}

func newEvaluator(all []Rule, opts EvaluatorOptions) (*Evaluator, error) {
	n := names{mandatory: map[string]bool{}}
	for i := range all {
		n.known = append(n.known, all[i].ID)
	}
	if err := checkActions(n, opts.Actions); err != nil {
		return nil, err
	}
	for i := range opts.NamespaceActions {
		if err := checkActions(n, opts.NamespaceActions[i].Actions); err != nil {
			return nil, err
		}
	}
	for _, id := range opts.Mandatory {
		if err := n.check(id); err != nil {
			return nil, fmt.Errorf("configure the mandatory rule %q: %w", id, err)
		}
		if opts.switchesOff(id) {
			return nil, fmt.Errorf("configure the mandatory rule %q: it is off, too, at least in some namespaces", id)
		}
		n.mandatory[id] = true
	}
	for i := range opts.Exemptions {
		if err := opts.Exemptions[i].validate(n); err != nil {
			return nil, fmt.Errorf("configure exemption %d: %w", i, err)
		}
	}
	settings, err := opts.Settings.withDefaults()
	if err != nil {
		return nil, err
	}
	e := &Evaluator{
		catalog: opts.Catalog, settings: settings, names: n, namespaces: opts.NamespaceActions, exemptions: opts.Exemptions,
	}
	if e.catalog == nil {
		e.catalog = catalog.Default()
	}
	for i := range all {
		a := active{Rule: all[i], override: opts.Actions[all[i].ID], kinds: map[Kind]bool{}}
		if a.off(a.override) && !slices.ContainsFunc(e.namespaces, func(n NamespaceActions) bool { return !a.off(n.Actions[a.ID]) }) {
			continue
		}
		for _, k := range a.Kinds {
			a.kinds[k] = true
		}
		e.rules = append(e.rules, a)
	}
	return e, nil
}

// Mandatory returns the mandatory rules that concern a kind.
func (e *Evaluator) Mandatory(kind Kind) []string {
	var ids []string
	for i := range e.rules {
		if r := &e.rules[i]; r.Check != nil && r.kinds[kind] && e.names.mandatory[r.ID] {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// Kinds are the kinds that the rules which are on somewhere read, each once; with explaining only those of the rules that have
// findings about what the API server itself refuses.
func (e *Evaluator) Kinds(explaining bool) []Kind {
	var kinds []Kind
	for i := range e.rules {
		r := &e.rules[i]
		if r.Check == nil || r.FilesOnly || (explaining && !r.ExplainsAPI) {
			continue
		}
		for _, k := range r.Kinds {
			if !slices.Contains(kinds, k) {
				kinds = append(kinds, k)
			}
		}
	}
	return kinds
}

func checkActions(n names, actions map[string]Action) error {
	for _, id := range slices.Sorted(maps.Keys(actions)) {
		if err := n.check(id); err != nil {
			return fmt.Errorf("configure the action of rule %q: %w", id, err)
		}
		if _, err := ParseAction(string(actions[id])); err != nil {
			return fmt.Errorf("configure the action of rule %q: %w", id, err)
		}
	}
	return nil
}

// off reports whether the rule is off where the configuration says this of it, or nothing.
func (r *active) off(configured Action) bool {
	return configured == Off || (configured == "" && r.Action == Off)
}

// Question is what an Evaluator is asked.
type Question struct {
	Kind   Kind
	Object runtime.Object
	// Old is the object before an update; nil for a creation.
	Old runtime.Object
	// AsWritten says that the object was read from a file, and has none of the API server's defaults.
	AsWritten bool
	// Standing says that the object is in the cluster already: what the API server thinks of it is settled, who wrote a field is not known,
	// and a claim that is bound has its volume.
	Standing bool
	// Namespace is where the object is to be, if its metadata does not say it.
	Namespace string
	// User is who makes or changes the object, as the API server names users; empty for a file.
	User string
	// Lookup holds the cluster's objects; nil makes the rules that need it silent, and keeps labels of namespaces unknown.
	Lookup *topology.Snapshot
	// Partial says that Lookup holds a set of files, and that what it does not hold may well exist in the cluster.
	Partial bool
	// Beside is what stands in the same files; nil for a request.
	Beside *Beside
	// OnlyExplainAPI asks only for findings on objects that the API server's own validation refuses.
	OnlyExplainAPI bool
}

// Result is an Evaluator's answer.
type Result struct {
	// Findings are in the registry's order, and within a rule in the object's.
	Findings []Finding
	// Exempted are the findings that an exemption lifted, in the same order.
	Exempted []Exempted
	// Panics are the rules that failed on this object. Their findings are missing.
	Panics []Panic
	// Skipped counts the rules that were not asked because the context ended first.
	Skipped int
	// Unasked are the mandatory rules among those that were skipped or failed. An object that they have not passed must not be
	// said to have passed.
	Unasked []string
}

// Panic is a rule's failure, for the caller to count and log.
type Panic struct {
	Rule  string
	Value any
	Stack []byte
}

// Evaluate asks every rule that concerns the object, the mandatory ones first. On an update a rule tells only what the update
// makes worse, so that an object that was already in breach can still be updated. Rules do not wait; the context is looked at
// between them.
func (e *Evaluator) Evaluate(ctx context.Context, q Question) Result {
	in := Input{
		Kind: q.Kind, Object: q.Object, Old: q.Old, AsWritten: q.AsWritten, Standing: q.Standing, Namespace: q.Namespace, User: q.User, Lookup: q.Lookup, Partial: q.Partial, Beside: q.Beside,
		Catalog: e.catalog, Settings: &e.settings, names: &e.names,
	}
	if o, err := meta.Accessor(q.Object); err == nil && o.GetNamespace() != "" {
		in.Namespace = o.GetNamespace()
	}
	ev := evaluation{
		Evaluator: e, ctx: ctx, in: in, onlyExplainAPI: q.OnlyExplainAPI, selected: e.selected(q.Lookup, in.Namespace),
		answers: make([][]told, len(e.rules)),
	}
	ev.exempt = exemptions{evaluator: e, input: &ev.in, user: q.User}
	for _, mandatory := range []bool{true, false} {
		for i := range e.rules {
			if r := &e.rules[i]; e.names.mandatory[r.ID] == mandatory && r.Check != nil && r.kinds[q.Kind] && (!q.OnlyExplainAPI || r.ExplainsAPI) {
				ev.ask(i)
			}
		}
	}
	return ev.result()
}

// evaluation is one call of Evaluate.
type evaluation struct {
	*Evaluator
	ctx            context.Context
	in             Input
	onlyExplainAPI bool
	selected       []NamespaceActions
	exempt         exemptions
	// answers are the findings of each rule, in the order of the rules.
	answers [][]told
	out     Result
	// plugin is whether the object is a node plugin, once that was asked.
	plugin *bool
}

// told is a finding, or an exempted one.
type told struct {
	Finding
	// named says that the configuration names the rule, by an action or as mandatory.
	named    bool
	exempted *Exempted
}

// ask asks one rule.
func (ev *evaluation) ask(i int) {
	r := &ev.rules[i]
	configured := r.configured(ev.selected)
	if r.off(configured) || ev.in.Standing && settled(ev.in.Object, r.ID) {
		return
	}
	mandatory := ev.names.mandatory[r.ID]
	if ev.ctx.Err() != nil {
		ev.out.Skipped++
		if mandatory {
			ev.out.Unasked = append(ev.out.Unasked, r.ID)
		}
		return
	}
	ev.in.demanded = configured == Deny || (mandatory && configured == "")
	found, failure := r.ask(&ev.in)
	if failure == nil && ev.in.Old != nil && len(found) > 0 {
		before := ev.in
		before.Object, before.Old = ev.in.Old, nil
		var already []Finding
		already, failure = r.ask(&before)
		found = worsened(found, already)
	}
	if failure != nil {
		ev.out.Panics = append(ev.out.Panics, *failure)
		if mandatory {
			ev.out.Unasked = append(ev.out.Unasked, r.ID)
		}
		return
	}
	for _, f := range found {
		if (ev.onlyExplainAPI && !f.RefusedByAPI) || (ev.in.Standing && f.RefusedByAPI) {
			continue
		}
		t := told{Finding: r.complete(f, configured), named: configured != "" || mandatory}
		if !t.named && t.Action != Audit && ev.isNodePlugin() {
			t.Action = ev.ofNodePlugin(t.Finding)
		}
		t.Finding, t.exempted = ev.exempt.lift(t.Finding)
		ev.answers[i] = append(ev.answers[i], t)
	}
}

// ofNodePlugin is the action of a finding on a node plugin. What the API server itself refuses is explained as ever: that denies
// nothing, and without it the file or its author would not learn why.
func (ev *evaluation) ofNodePlugin(f Finding) Action {
	switch {
	case !f.RefusedByAPI:
		return Audit
	case ev.in.AsWritten:
		return f.Action
	}
	return Warn
}

// isNodePlugin looks once, and only where there is a finding.
func (ev *evaluation) isNodePlugin() bool {
	if ev.plugin == nil {
		plugin := isNodePlugin(&ev.in)
		ev.plugin = &plugin
	}
	return *ev.plugin
}

// result puts the answers into the registry's order.
func (ev *evaluation) result() Result {
	var named []bool
	for _, answer := range ev.answers {
		for _, t := range answer {
			if t.exempted != nil {
				ev.out.Exempted = append(ev.out.Exempted, *t.exempted)
				continue
			}
			ev.out.Findings, named = append(ev.out.Findings, t.Finding), append(named, t.named)
		}
	}
	toldOnce(ev.out.Findings, named, func() bool { return isNodeAgent(&ev.in) })
	return ev.out
}

// selected are the actions of the namespace, the first ones that count first.
func (e *Evaluator) selected(lookup *topology.Snapshot, namespace string) []NamespaceActions {
	var selected []NamespaceActions
	for _, n := range e.namespaces {
		if n.Selector.Matches(lookup, namespace) {
			selected = append(selected, n)
		}
	}
	return selected
}

// configured is the action that the configuration gives the rule in a namespace; empty if it says nothing.
func (r *active) configured(selected []NamespaceActions) Action {
	for i := range selected {
		if action, ok := selected[i].Actions[r.ID]; ok {
			return action
		}
	}
	return r.override
}

// Told completes a finding of a rule about the text of objects, which has no Check: with its action, and with what the rule's
// findings have in common. It is false if the rule is off. Such rules have one action in all namespaces, and nothing lifts
// them: an object whose text is at fault may not say what it means.
func (e *Evaluator) Told(id string, f Finding) (Finding, bool) {
	for i := range e.rules {
		if r := &e.rules[i]; r.ID == id && !r.off(r.override) {
			return r.complete(f, r.override), true
		}
	}
	return Finding{}, false
}

func (r *active) ask(in *Input) (found []Finding, failure *Panic) {
	defer func() {
		if v := recover(); v != nil {
			found, failure = nil, &Panic{Rule: r.ID, Value: v, Stack: debug.Stack()}
		}
	}()
	return r.Check(in), nil
}

// complete fills in what a rule's findings have in common, and the action that is configured if one is.
func (r *active) complete(f Finding, configured Action) Finding {
	f.Rule = r.ID
	if f.Action == "" {
		f.Action = r.Action
	}
	if configured != "" {
		f.Action = configured
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
