// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// Kind is in what way both sides disagree.
type Kind string

// The kinds of disagreement.
const (
	// Strict strands a pod, and is the worst.
	Strict          Kind = "moorage rules out a node that kube-scheduler accepts"
	Lenient         Kind = "moorage accepts a node that kube-scheduler refuses"
	OtherCause      Kind = "moorage rules out the node for another cause"
	OtherCode       Kind = "moorage rules out the node with another code"
	Unexplained     Kind = "kube-scheduler says what no exemption explains"
	NotHeld         Kind = "an exemption expects kube-scheduler to hold the pod back, and it does not"
	NotUndecided    Kind = "moorage does not say that a volume is undecided"
	PredicateFailed Kind = "a predicate of moorage panicked"
)

// Disagreement is a node of which both sides say different things.
type Disagreement struct {
	Kind   Kind
	Plugin string
	Pod    *corev1.Pod
	Node   string
	// InTree and Moorage are what each side says, for a person.
	InTree, Moorage string
}

// Judge compares both sides. It is not safe for concurrent use.
type Judge struct {
	// Tally counts what the judge has seen so far.
	Tally Tally

	intree  *InTree
	engine  *placement.Engine
	plugins []string
	loaded  *Cluster
}

// NewJudge returns a judge of the plugins that are named; all where none is. What it starts ends with ctx.
func NewJudge(ctx context.Context, plugins ...string) (*Judge, error) {
	for _, p := range plugins {
		if !slices.Contains(Plugins, p) {
			return nil, fmt.Errorf("judge plugin %s: it is none of %s", p, strings.Join(Plugins, ", "))
		}
	}
	if len(plugins) == 0 {
		plugins = Plugins
	}
	intree, err := NewInTree(ctx)
	if err != nil {
		return nil, err
	}
	engine, err := newEngine()
	if err != nil {
		return nil, err
	}
	return &Judge{intree: intree, engine: engine, plugins: plugins, Tally: newTally()}, nil
}

// expectation is what a plugin's rulings, exemptions considered, ask of moorage on one node.
type expectation struct {
	Ruling
	// open leaves moorage free to rule out the node or not.
	open bool
}

// Judge compares both sides on every node, for each of the pods. An error is a fault of the oracle itself.
func (j *Judge) Judge(c *Cluster, pods []*corev1.Pod, loading uint64) ([]Disagreement, error) {
	x := newLookup(c)
	base := c
	for _, e := range Exemptions {
		if e.fix == nil {
			continue
		}
		if fixed := e.fix(base); fixed != base {
			base = fixed
			j.Tally.Exempted[e]++
		}
	}
	snapshot, err := snapshotOf(c, loading)
	if err != nil {
		return nil, err
	}
	var found []Disagreement
	for _, pod := range pods {
		of, judgeErr := j.judgePod(x, base, snapshot, pod)
		if judgeErr != nil {
			return nil, judgeErr
		}
		found = append(found, of...)
	}
	return found, nil
}

func (j *Judge) judgePod(x *lookup, base *Cluster, s *topology.Snapshot, pod *corev1.Pod) ([]Disagreement, error) {
	held := holdingOf(x, pod)
	for _, e := range held.all() {
		j.Tally.Exempted[e]++
	}
	want := map[string][]expectation{}
	var found []Disagreement
	for _, plugin := range j.plugins {
		expected, wrong, err := j.expect(x, base, pod, held, plugin)
		if err != nil {
			return nil, err
		}
		want[plugin], found = expected, append(found, wrong...)
	}
	if err := j.checkJointly(base, held.without(pod, nil), want); err != nil {
		return nil, err
	}
	verdict := ask(j.engine, s, pod)
	for _, v := range held.volumes(pod) {
		said := slices.ContainsFunc(verdict.Undecided, func(u placement.Undecided) bool { return u.Volume == v })
		if !said {
			found = append(found, Disagreement{Kind: NotUndecided, Pod: pod, InTree: "volume " + v + " is held", Moorage: fmt.Sprint(verdict.Undecided)})
		}
	}
	for _, u := range verdict.Undecided {
		if u.Cause == placement.CausePredicateFailed {
			found = append(found, Disagreement{Kind: PredicateFailed, Pod: pod, Moorage: u.Detail})
		}
	}
	j.Tally.Verdicts += s.NumNodes()
	return append(found, j.compare(s, pod, want, verdict)...), nil
}

// expect asks one plugin, and finds out what its rulings ask of moorage.
func (j *Judge) expect(x *lookup, base *Cluster, pod *corev1.Pod, h holding, plugin string) ([]expectation, []Disagreement, error) {
	var found []Disagreement
	rulings, err := j.rule(x, base, h.without(pod, nil), plugin)
	if err != nil {
		return nil, nil, err
	}
	out := make([]expectation, len(rulings))
	for i, r := range rulings {
		out[i].Ruling = r
		node := j.intree.plugins.Nodes[i].Node().Name
		exempted := j.exempted(x, pod, plugin, node, r)
		out[i].open = exempted || r.Outcome == Errored
		if (r.Outcome == Errored && !exempted) || r.Held {
			found = append(found, Disagreement{
				Kind: Unexplained, Plugin: plugin, Pod: pod, Node: node, InTree: strings.Join(r.Reasons, "; "),
			})
		}
	}
	if len(h) == 0 {
		return out, found, nil
	}
	// The whole pod: does the plugin hold it back, as the exemptions say?
	whole, err := j.rule(x, base, pod, plugin)
	if err != nil {
		return nil, nil, err
	}
	if plugin == names.VolumeBinding {
		if h.surely() && slices.ContainsFunc(whole, func(r Ruling) bool { return r.Outcome == Accepted }) {
			found = append(found, Disagreement{Kind: NotHeld, Plugin: plugin, Pod: pod, Moorage: h.String()})
		}
		return out, found, nil
	}
	// Volumes that do not stop this plugin may count for moorage, or not: the pod is held back either way.
	most, err := j.rule(x, base, h.without(pod, &plugin), plugin)
	if err != nil {
		return nil, nil, err
	}
	for i, r := range most {
		if r.Outcome != Accepted && out[i].Outcome == Accepted {
			out[i].open = true
		}
	}
	return out, found, nil
}

// rule asks one plugin about a pod, counts its reasons, and fixes the double count of attachments.
func (j *Judge) rule(x *lookup, base *Cluster, pod *corev1.Pod, plugin string) ([]Ruling, error) {
	if plugin == names.NodeVolumeLimits {
		fixed := withOwnAttachmentsUsed(x, pod, base)
		if fixed != base {
			j.Tally.Exempted[doubleCount]++
		}
		base = fixed
	}
	if err := j.load(base); err != nil {
		return nil, err
	}
	rulings := j.intree.Rule(plugin, pod)
	for _, r := range rulings {
		j.Tally.count(plugin, r)
	}
	return rulings, nil
}

func (j *Judge) load(c *Cluster) error {
	if j.loaded == c {
		return nil
	}
	j.loaded = c
	return j.intree.Load(c)
}

// exempted reports whether an exemption says why the plugin rules so.
func (j *Judge) exempted(x *lookup, pod *corev1.Pod, plugin, node string, r Ruling) bool {
	for _, e := range Exemptions {
		if !e.concerns(plugin) {
			continue
		}
		if (r.Outcome == Errored && e.errs != nil && e.errs(x, pod, node)) || (r.Refused() && e.blurs != nil && e.blurs(x, pod, node)) {
			j.Tally.Exempted[e]++
			return true
		}
	}
	return false
}

// checkJointly asks the four plugins together now and then: what the oracle puts together must be what kube-scheduler does.
// Attachments are left out of it, as they are fixed for one plugin alone.
func (j *Judge) checkJointly(base *Cluster, pod *corev1.Pod, want map[string][]expectation) error {
	const every = 32
	if j.Tally.Verdicts%every != 0 || len(j.plugins) < len(Plugins) || len(base.Attachments) > 0 {
		return nil
	}
	if err := j.load(base); err != nil {
		return err
	}
	for i, r := range j.intree.RuleJointly(pod) {
		accepted := true
		for _, plugin := range j.plugins {
			accepted = accepted && want[plugin][i].Outcome == Accepted
		}
		if accepted != (r.Outcome == Accepted) {
			return fmt.Errorf("judge pod %s on node %s: the four plugins together say %s %v, and one by one otherwise: the oracle is wrong",
				pod.Name, j.intree.plugins.Nodes[i].Node().Name, r.Outcome, r.Reasons)
		}
	}
	return nil
}
