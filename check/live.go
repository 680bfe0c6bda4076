// SPDX-License-Identifier: Apache-2.0

package check

import (
	"cmp"
	"context"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// LiveOptions say which objects of a cluster are checked, and how.
type LiveOptions struct {
	// Objects are those that are asked about, whole, as an API server gives them. Kinds that there are no rules for are left out.
	Objects []runtime.Object
	// Cluster is the state that rules look things up in; nil for nothing.
	Cluster *topology.Snapshot
	// Partial says that Cluster lacks what may not be listed, so that what it does not hold may well exist.
	Partial bool
	// Evaluator holds the rules.
	Evaluator *rules.Evaluator
	// Progress, if set, receives how many of how many objects are done, from many goroutines, one call at a time.
	Progress func(done, of int)
}

// Live asks the rules about objects that are in a cluster. What a controller made is not asked about if the controller is: a Deployment's
// pods are its template. Other findings on what was made are reported once, on what made it. What has ended or is being deleted is left
// out, and so is what the API server, which has taken the objects, thinks of them. Findings are in the order of namespaces, kinds and names.
func Live(ctx context.Context, opts LiveOptions) (*Result, error) {
	standing := slices.DeleteFunc(slices.Clone(opts.Objects), ended)
	made := makersOf(standing)
	total := &Result{Live: true, Skipped: Skipped{Kinds: map[string]int{}}}
	var asked []runtime.Object
	for _, o := range standing {
		if _, known := rules.KindOfObject(o); !known {
			continue
		}
		if made.byTemplate(o) {
			total.Made++
			continue
		}
		asked = append(asked, o)
	}
	state := opts.Cluster
	question := rules.Question{Standing: true, Namespace: metav1.NamespaceDefault, Lookup: state, Partial: opts.Partial || state == nil}
	if state == nil {
		state = topology.New(topology.Options{}).Snapshot()
	}
	question.Beside = rules.NewBeside(state, asked)
	steps := progress{of: len(asked), tell: opts.Progress}
	results := make([]rules.Result, len(asked))
	err := each(ctx, len(asked), func(i int) error {
		defer steps.step()
		q := question
		q.Kind, _ = rules.KindOfObject(asked[i])
		q.Object = asked[i]
		results[i] = opts.Evaluator.Evaluate(ctx, q)
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	total.Objects = len(asked)
	for i, r := range results {
		at := made.place(asked[i])
		for _, f := range r.Findings {
			total.Findings = append(total.Findings, at.finding(f))
		}
		for _, x := range r.Exempted {
			total.Exempted = append(total.Exempted, Exempted{Finding: at.finding(x.Finding), By: x.By, Reason: x.Reason})
		}
		for _, p := range r.Panics {
			total.Failures = append(total.Failures, Failure{Object: at.own, Panic: p})
		}
	}
	total.Findings = folded(total.Findings)
	slices.SortStableFunc(total.Exempted, func(a, b Exempted) int { return a.compareObjects(&b.Finding) })
	return total, nil
}

// ended says that nothing more comes of an object: it is being deleted, or has run.
func ended(o runtime.Object) bool {
	if m, ok := o.(metav1.Object); !ok || m.GetDeletionTimestamp() != nil {
		return true
	}
	switch o := o.(type) {
	case *corev1.Pod:
		return o.Status.Phase == corev1.PodSucceeded || o.Status.Phase == corev1.PodFailed
	case *batchv1.Job:
		return slices.ContainsFunc(o.Status.Conditions, func(c batchv1.JobCondition) bool {
			return (c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed) && c.Status == corev1.ConditionTrue
		})
	}
	return false
}

// folded leaves one finding of those that are alike on what one object has made, and none where that object has the fault itself.
func folded(found []Finding) []Finding {
	type fault struct {
		rule           string
		object         Object
		kind, template string
		path           string
	}
	itself := map[fault]bool{}
	for i := range found {
		if f := &found[i]; f.Within == (Object{}) {
			itself[fault{rule: f.Rule, object: f.Object}] = true
		}
	}
	first := map[fault]int{}
	var out []Finding
	for _, f := range found {
		if f.Within != (Object{}) {
			if itself[fault{rule: f.Rule, object: f.Object}] {
				continue
			}
			key := fault{f.Rule, f.Object, f.Within.Kind, templateOf(f.Within, f.Object), f.Path}
			if at, seen := first[key]; seen {
				out[at].Alike++
				continue
			}
			first[key] = len(out)
		}
		out = append(out, f)
	}
	slices.SortStableFunc(out, func(a, b Finding) int { return a.compareObjects(&b) })
	return out
}

// compareObjects orders findings by the objects that they are about.
func (f *Finding) compareObjects(o *Finding) int {
	return cmp.Or(cmp.Compare(f.Object.Namespace, o.Object.Namespace), cmp.Compare(f.Object.Kind, o.Object.Kind), cmp.Compare(f.Object.Name, o.Object.Name))
}
