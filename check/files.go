// SPDX-License-Identifier: Apache-2.0

// Package check asks the admission rules about files: the objects in them are read strictly, with the place of every field,
// and each finding tells its line and column.
//
// It reads YAML and JSON, many documents to a file, lists, anchors and merge keys. It promises that a fault in one document
// hides no other, that rules get the same answers from the lookup as in a webhook (an object of the files counts as being in
// the cluster), and that kinds it has no rules for are skipped and counted. It must not know how findings are printed.
package check

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/manifests"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// Options say what to check, and how.
type Options struct {
	// Paths are files, directories, patterns, and manifests.Stdin.
	Paths []string
	// Stdin is read where a path is manifests.Stdin.
	Stdin io.Reader
	// Cluster is the state of a whole cluster, for rules that look things up; the files' objects count as being in it too. If it
	// is nil, only what the files hold is looked up.
	Cluster *topology.Snapshot
	// Evaluator holds the rules.
	Evaluator *rules.Evaluator
	// Progress, if set, receives how many of how many steps are done, from many goroutines, one call at a time.
	Progress func(done, of int)
}

// Object names an API object as it was written.
type Object struct {
	Kind, Namespace, Name string
}

// Finding is one fault in a file.
type Finding struct {
	Rule   string
	Action rules.Action
	// File is the path under which the file was found, Line and Column where the fault is, from 1, columns in characters. An object of a
	// cluster (Live) has none of them.
	File         string
	Line, Column int
	// Source is the template that helm says the document was made from; mostly empty.
	Source string
	Object Object
	// Within is the object that has the field, where Object has made it: a claim of a StatefulSet. Alike is how many others it made that have
	// the fault as well. Both are of a cluster only.
	Within Object
	Alike  int
	// Path is the field; empty for the whole object.
	Path                          string
	Message, Symptom, Remediation string
}

// Exempted is a finding that an exemption lifted.
type Exempted struct {
	Finding
	// By is what lifted it, and Reason the one that was given.
	By     rules.ExemptedBy
	Reason string
}

// Failure is a rule that failed on an object. Its findings are missing.
type Failure struct {
	File   string
	Object Object
	Panic  rules.Panic
}

// Result is what a check found.
type Result struct {
	// Files and Objects are how many were checked, and Skipped what was not.
	Files, Objects int
	Skipped        Skipped
	// Live says that the objects are of a cluster. Made are how many more there were, which were not asked about since what makes them was.
	Live bool
	Made int
	// Findings are in the order of the files and of the lines in them.
	Findings []Finding
	// Known is how many more there were, which an earlier check had found (LeaveKnown).
	Known int
	// Exempted are in the same order.
	Exempted []Exempted
	Failures []Failure
}

// Skipped counts what a check left out.
type Skipped struct {
	// Files are those in directories that are neither .yaml, .yml nor .json, and kustomizations.
	Files int
	// Patches are files in directories that a kustomization names as patches.
	Patches int
	// Charts are the directories of charts, whose templates are no YAML before helm has rendered them.
	Charts []string
	// Kinds are objects that there are no rules for, by kind.
	Kinds map[string]int
	// Templates are files in other directories that cannot be read and look like templates. What could be read of them was checked.
	Templates []string
	// Placeholders are files with values that another tool is to replace, which were not judged.
	Placeholders []string
	// Unlisted are resources of a cluster that the person may not list, such as "deployments.apps" and "pods outside namespace a".
	Unlisted []string
	// Unreadable are files in directories that are not regular ones, or hold a text that cannot be read and does not look like
	// API objects.
	Unreadable []string
	// Documents are those that are no API objects, such as a chart's values, and in directories also texts that cannot be read and
	// do not look like API objects.
	Documents int
}

// Check reads the files and asks the rules. An error means that a path cannot be read; a file whose content cannot be read is
// a finding.
func Check(ctx context.Context, opts Options) (*Result, error) {
	found, skipped, err := sources(opts.Paths, opts.Stdin)
	if err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	steps := progress{of: 2 * len(found), tell: opts.Progress}
	parsed, err := parseAll(ctx, found, steps.step)
	if err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	question, err := questionOf(parsed, opts.Cluster)
	if err != nil {
		return nil, err
	}
	results := make([]Result, len(parsed))
	err = each(ctx, len(parsed), func(i int) error {
		defer steps.step()
		results[i] = parsed[i].evaluate(ctx, opts.Evaluator, question)
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	total := &Result{Files: len(parsed), Skipped: skipped}
	for i, r := range results {
		total.Objects += r.Objects
		total.Findings = append(total.Findings, r.Findings...)
		total.Exempted = append(total.Exempted, r.Exempted...)
		total.Failures = append(total.Failures, r.Failures...)
		total.Skipped.take(parsed[i])
	}
	return total, nil
}

// Unread says in words what was left out that may hold objects; empty where that is nothing.
func (s *Skipped) Unread() string {
	var parts []string
	if len(s.Unlisted) > 0 {
		parts = append(parts, strings.Join(s.Unlisted, ", ")+" (not with your rights)")
	}
	for _, left := range []struct {
		n         int
		one, many string
	}{
		{len(s.Charts), "the templates of 1 chart", "the templates of %d charts"},
		{len(s.Templates), "1 file that looks like a template", "%d files that look like templates"},
		{len(s.Placeholders), "the placeholders of 1 file", "the placeholders of %d files"},
		{s.Patches, "1 patch of a kustomization", "%d patches of kustomizations"},
		{len(s.Unreadable), "1 file that cannot be read", "%d files that cannot be read"},
	} {
		switch left.n {
		case 0:
		case 1:
			parts = append(parts, left.one)
		default:
			parts = append(parts, fmt.Sprintf(left.many, left.n))
		}
	}
	return strings.Join(parts, ", ")
}

// take adds what was left out of a file.
func (s *Skipped) take(f *file) {
	s.Documents += f.other
	if f.template {
		s.Templates = append(s.Templates, f.path)
	}
	if f.undecided {
		s.Placeholders = append(s.Placeholders, f.path)
	}
	if f.unreadable {
		s.Unreadable = append(s.Unreadable, f.path)
	}
	for kind, n := range f.skipped {
		s.Kinds[kind] += n
	}
}

// parseAll reads the files. A stream without any object is an error: whatever was to write it has failed.
func parseAll(ctx context.Context, found []source, step func()) ([]*file, error) {
	parsed := make([]*file, len(found))
	err := each(ctx, len(found), func(i int) error {
		defer step()
		content, err := found[i].content()
		if err != nil {
			return err
		}
		f := parse(found[i].path, content, found[i].met)
		if found[i].stream && !f.any() {
			return emptyStream(f)
		}
		parsed[i] = f
		return nil
	})
	return parsed, err
}

func emptyStream(f *file) error {
	where, only := f.path, ""
	if where == manifests.Stdin {
		where = "standard input"
	}
	if f.other > 0 {
		only = ", only text that is not an API object"
	}
	return fmt.Errorf("no objects on %s%s: did the command before the pipe fail?", where, only)
}

// each runs a step for every index, as many at a time as there are processors.
func each(ctx context.Context, n int, step func(int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range n {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return step(i)
		})
	}
	return group.Wait()
}

// progress counts steps and tells of them. Safe for concurrent use.
type progress struct {
	mu       sync.Mutex
	done, of int
	tell     func(done, of int)
}

func (p *progress) step() {
	if p.tell == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	p.tell(p.done, p.of)
}

// evaluate asks the rules about every object of a file, by a question that lacks the object.
func (f *file) evaluate(ctx context.Context, e *rules.Evaluator, q rules.Question) Result {
	var r Result
	placed := func(i *item, at position, path string, found rules.Finding) Finding {
		return Finding{
			Rule: found.Rule, Action: found.Action, File: f.path, Line: at.line, Column: at.column, Source: i.hint, Object: i.ref, Path: path,
			Message: found.Message, Symptom: found.Symptom, Remediation: found.Remediation,
		}
	}
	tell := func(i *item, at position, path string, found rules.Finding) {
		r.Findings = append(r.Findings, placed(i, at, path, found))
	}
	tellFlaws := func(i *item, flaws []flaw) {
		for _, flaw := range flaws {
			rule := rules.Decode
			if slices.Contains(rules.IDs(), flaw.rule) {
				rule = flaw.rule
			}
			told, on := e.Told(rule, rules.Finding{Action: flaw.action, Message: flaw.message, Symptom: flaw.symptom, Remediation: flaw.remediation})
			if on {
				tell(i, flaw.position, flaw.path, told)
			}
		}
	}
	tellFlaws(&item{}, f.flaws)
	for _, i := range f.items {
		tellFlaws(i, i.flaws)
		if i.info.Kind == "" && len(i.flaws) == 0 {
			f.skipped[i.ref.Kind]++
			continue
		}
		r.Objects++
		f.undecided = f.undecided || len(i.placeholders) > 0
		if i.object == nil || i.info.Kind == "" {
			continue
		}
		q.Kind, q.Object = i.info.Kind, i.object
		result := e.Evaluate(ctx, q)
		for _, found := range result.Findings {
			path := pathOf(found)
			if i.undecided(path) {
				f.undecided = true
				continue
			}
			if !i.judged(found, path) {
				continue
			}
			tell(i, i.root.find(path), path, found)
		}
		for _, x := range result.Exempted {
			path := pathOf(x.Finding)
			r.Exempted = append(r.Exempted, Exempted{Finding: placed(i, i.root.find(path), path, x.Finding), By: x.By, Reason: x.Reason})
		}
		for _, p := range result.Panics {
			r.Failures = append(r.Failures, Failure{File: f.path, Object: i.ref, Panic: p})
		}
	}
	for _, c := range f.customs {
		r.Objects++
		if f.skipped[c.ref.Kind]--; f.skipped[c.ref.Kind] == 0 {
			delete(f.skipped, c.ref.Kind)
		}
		for _, p := range c.evaluate(ctx, e, q, tell) {
			r.Failures = append(r.Failures, Failure{File: f.path, Object: c.ref, Panic: p})
		}
	}
	slices.SortStableFunc(r.Findings, Finding.compare)
	slices.SortStableFunc(r.Exempted, func(a, b Exempted) int { return a.compare(b.Finding) })
	return r
}

// compare orders the findings of one file by their place.
func (f Finding) compare(o Finding) int {
	return cmp.Or(cmp.Compare(f.Line, o.Line), cmp.Compare(f.Column, o.Column))
}

func pathOf(f rules.Finding) string {
	if f.Path == nil {
		return ""
	}
	return f.Path.String()
}
