// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/explain/joint"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// together is the headline of a pod that waits and fits nowhere, out of both halves.
func (w causeWords) together(e *explain.Explanation) string {
	t := e.Together
	switch {
	case t.Unreadable != "":
		return "kube-scheduler cannot read what the pod asks for, and so places it nowhere: " + t.Unreadable
	case len(t.Blamed) == 0:
		return fmt.Sprintf("no node meets all of %d constraints", len(t.Constraints))
	case !slices.ContainsFunc(t.Blamed, func(k int) bool { return t.Constraints[k].Cause == nil }):
		return w.nowhere(e)
	case t.Tie >= 0:
		return w.tied(e)
	}
	var parts []string
	for i, k := range t.Blamed {
		if !w.toldBy(t, t.Blamed[:i], k) {
			parts = append(parts, w.part(e, k))
		}
	}
	cause := strings.Join(parts, "; and ")
	if t.Innocent && len(e.Volumes) > 0 {
		return fmt.Sprintf("%s; its volumes are not to blame, they allow %s", cause, allowed(e))
	}
	return cause
}

// tied is the cause where one constraint leaves nodes that the others reject.
func (w causeWords) tied(e *explain.Explanation) string {
	t := e.Together
	tie := &t.Constraints[t.Tie]
	var what string
	switch {
	case tie.Cause != nil && tie.Cause.Ties():
		what = fmt.Sprintf("%s ties the pod to %s", subject(tie.Cause.Volume), bare(&t.Left))
	case tie.Cause != nil && tie.Cause.Reason == placement.ReasonNoVolume:
		what = w.clause(tie.Cause) // It says where that is.
	case tie.Cause != nil:
		what = fmt.Sprintf("%s, which leaves %s", w.clause(tie.Cause), bare(&t.Left))
	default:
		what = fmt.Sprintf("the pod's %s leaves %s", w.asks(t, tie), bare(&t.Left))
	}
	parts := w.ofLeft(e)
	if parts == nil {
		for i, k := range t.Blamed {
			if k != t.Tie && !w.toldBy(t, t.Blamed[:i], k) {
				parts = append(parts, w.part(e, k))
			}
		}
	}
	there := ""
	if tie.Cause != nil && (tie.Cause.Ties() || tie.Cause.Reason == placement.ReasonNoVolume) {
		there = "there "
	}
	if strings.Contains(parts[0], bare(&t.Left)) {
		there = "" // It says where.
	}
	return fmt.Sprintf("%s, and %s%s", what, there, strings.Join(parts, "; and "))
}

// mostLacks is how many things of one node are in the headline.
const mostLacks = 3

// ofLeft says all that the only node lacks which the tie leaves: nobody is to find the second thing once the first is done. It is
// nil where more nodes are left, or where what lacks is a long list.
func (w causeWords) ofLeft(e *explain.Explanation) []string {
	t := e.Together
	if t.Left.Nodes != 1 {
		return nil
	}
	i := slices.IndexFunc(e.Nodes, func(n explain.Node) bool { return n.Name == t.Left.First[0] })
	if i < 0 || len(t.Lacks[i]) > mostLacks {
		return nil
	}
	var parts []string
	for k := range t.Lacks[i] {
		lack := &t.Lacks[i][k]
		c := &t.Constraints[lack.Constraint]
		what := w.lack(c, lack)
		if c.Cause == nil {
			what = sentence(e.Nodes[i].Name, what)
		}
		if !slices.Contains(parts, what) {
			parts = append(parts, what)
		}
	}
	return parts
}

// toldBy reports whether one of the others says of each node what the constraint says of it: that pods want apart from each other is two
// constraints, for one reason.
func (w causeWords) toldBy(t *explain.Together, others []int, k int) bool {
	c := &t.Constraints[k]
	return c.Cause == nil && slices.ContainsFunc(others, func(other int) bool {
		o := &t.Constraints[other]
		return o.Filter == c.Filter && slices.Equal(o.Nodes, c.Nodes) && !slices.ContainsFunc(c.Nodes, func(i int) bool {
			return w.lack(o, lackOf(t, o, i)) != w.lack(c, lackOf(t, c, i))
		})
	})
}

// asks is what the pod asks of nodes by a filter that ties it to some.
func (w causeWords) asks(t *explain.Together, c *explain.Constraint) string {
	if lack := lackOf(t, c, c.Nodes[0]); lack != nil && lack.Filter != nil && lack.Filter.NodeName == "" {
		return wantedOfNode(lack.Filter)
	}
	return "nodeName"
}

func lackOf(t *explain.Together, c *explain.Constraint, node int) *joint.Lack {
	for i := range t.Lacks[node] {
		if lack := &t.Lacks[node][i]; &t.Constraints[lack.Constraint] == c {
			return lack
		}
	}
	return nil
}

// mostParts is how many different lacks of one constraint are in the headline.
const mostParts = 2

// part says a constraint that is a part of the cause: which nodes lack what.
func (w causeWords) part(e *explain.Explanation, k int) string {
	t := e.Together
	c := &t.Constraints[k]
	if c.Cause != nil {
		return w.clause(c.Cause)
	}
	byWhat := map[string][]string{}
	var order []string
	for _, i := range c.Nodes {
		what := w.lack(c, lackOf(t, c, i))
		if byWhat[what] == nil {
			order = append(order, what)
		}
		byWhat[what] = append(byWhat[what], e.Nodes[i].Name)
	}
	slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(len(byWhat[b]), len(byWhat[a])) })
	var parts []string
	rest := 0
	for n, what := range order {
		if n >= mostParts {
			rest += len(byWhat[what])
			continue
		}
		names := byWhat[what]
		if len(names) == 1 {
			parts = append(parts, sentence(names[0], what))
			continue
		}
		parts = append(parts, sentenceOf(names, what))
	}
	if rest > 0 {
		parts = append(parts, fmt.Sprintf("%s likewise (%s)", text.Count(rest, "more node"), c.Of.Text))
	}
	return strings.Join(parts, "; ")
}

// fitsTogether is the headline of a pod that waits and that both halves pass somewhere.
func (w causeWords) fitsTogether(e *explain.Explanation) string {
	t := e.Together
	if t.Doubted {
		said := saidOf(t.Unfound)
		why := ""
		if others := w.ruledOut(t); others != "" {
			why = others + ", so only "
		}
		line := fmt.Sprintf("%s%s %s left, and kube-scheduler gives a reason against it that moorage ", why, bare(&t.Fits), verb(t.Fits.Nodes))
		if t.Newest {
			return line + "does not find, and that is newer than all that it sees: " + strings.Join(said, ", ")
		}
		return line + "cannot look at: " + strings.Join(said, ", ")
	}
	on := "the pod fits on " + allOf(&t.Fits)
	on += best(e)
	switch {
	case e.Said == "":
	case len(t.Unfound) > 0:
		on += fmt.Sprintf("; kube-scheduler found no place when it last tried (%s, which moorage does not find now), and may find one when it tries again",
			strings.Join(saidOf(t.Unfound), ", "))
	default:
		on += "; kube-scheduler found no place when it last tried, and may find one when it tries again"
	}
	return on
}

// saidOf are reasons of kube-scheduler with their numbers of nodes.
func saidOf(list []joint.Said) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = fmt.Sprintf("%d %s", s.Nodes, s.Text)
	}
	return out
}

func verb(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func allOf(p *explain.Place) string {
	switch {
	case p.Of == 1:
		return "the only node"
	case p.Nodes == p.Of:
		return fmt.Sprintf("all %d nodes", p.Of)
	case p.Nodes <= len(p.First):
		return fmt.Sprintf("%s (%d of %d nodes)", text.And(p.First), p.Nodes, p.Of)
	default:
		return fmt.Sprintf("%d of %d nodes", p.Nodes, p.Of)
	}
}

// ruledOut says what leaves only some nodes.
func (w causeWords) ruledOut(t *explain.Together) string {
	var parts []string
	for k := range t.Constraints {
		c := &t.Constraints[k]
		if c.Cause != nil {
			parts = append(parts, w.clause(c.Cause))
		} else {
			parts = append(parts, fmt.Sprintf("%d %s", c.RuledOut.Nodes, c.Of.Text))
		}
	}
	if len(parts) > mostParts+1 {
		return ""
	}
	return strings.Join(parts, "; and ")
}

// The kinds of a cause that is of nodes: of volumes alone, of kube-scheduler's other filters, of both, or of more than could be told.
const (
	onlyOfVolumes = "volumes"
	ofFilters     = "filters"
	ofBoth        = "both"
	unclear       = "unclear"
)

// trueCause is the cause for programs; nil where the pod fits, and where only volumes were looked at.
func (w causeWords) trueCause(e *explain.Explanation, headline string) *TrueCause {
	if what := notOfNodes(e); what != nil {
		return &TrueCause{Kind: what[0].Name, Summary: headline, Constraints: what}
	}
	if e.Fits || e.Together == nil {
		return nil
	}
	t := e.Together
	out := &TrueCause{Kind: unclear, Summary: headline, Constraints: []explain.Lack{}}
	volumes := 0
	for _, k := range t.Blamed {
		c := &t.Constraints[k]
		told := explain.Lack{By: byFilter, Name: c.Filter}
		if c.Cause != nil {
			told.By, told.Name = byVolume, c.Cause.Predicate
			volumes++
		}
		told.Evidence = w.part(e, k)
		out.Constraints = append(out.Constraints, told)
	}
	switch {
	case len(t.Blamed) == 0:
	case volumes == 0:
		out.Kind = ofFilters
	case volumes == len(t.Blamed):
		out.Kind = onlyOfVolumes
	default:
		out.Kind = ofBoth
	}
	return out
}

// The kinds of what a pod waits for beside nodes.
const (
	kindGate      = "gate"
	kindScheduler = "scheduler"
	kindGroup     = "group"
	kindClaim     = "claim"
	kindPinned    = "node-name"
	kindDriver    = "driver"
	kindFailing   = "provisioning"
)

// notOfNodes is what a pod waits for that no node can give it.
func notOfNodes(e *explain.Explanation) []explain.Lack {
	var out []explain.Lack
	add := func(by, name, evidence string) {
		out = append(out, explain.Lack{By: by, Name: name, Evidence: evidence})
	}
	if b := e.Before; b != nil {
		if len(b.Gates) > 0 {
			add("pod", kindGate, before(&explain.Before{Gates: b.Gates}))
		}
		if b.Scheduler != "" {
			add("pod", kindScheduler, before(&explain.Before{Scheduler: b.Scheduler, Schedulers: b.Schedulers}))
		}
		if b.Group != nil {
			add("pod", kindGroup, before(&explain.Before{Group: b.Group}))
		}
	}
	for i := range e.HeldBy {
		add(byVolume, kindClaim, held(&e.HeldBy[i], e.Pod.Namespace))
	}
	if len(e.Pinned) > 0 {
		add("pod", kindPinned, pinned(e.Pod.Name, e.Node, e.Pinned))
	}
	for i := range e.Unserved {
		add(byVolume, kindDriver, unserved(&e.Unserved[i]))
	}
	if len(e.Unserved) > 0 || onlyFailing(e) {
		for i := range e.Failing {
			add(byVolume, kindFailing, failing(&e.Failing[i]))
		}
	}
	return out
}

// mostLacking is how many lines tell what nodes lack.
const mostLacking = 6

// lacksText tells node by node what lacks, nodes of a zone that lack the same in one line, those that lack least first.
func lacksText(out *bytes.Buffer, e *Explanation) {
	type line struct {
		zone, what string
		names      []string
		lacks      int
	}
	var lines []*line
	byKey := map[string]*line{}
	for i := range e.Nodes {
		n := &e.Nodes[i]
		what := make([]string, len(n.Lacks))
		for k, lack := range n.Lacks {
			what[k] = lack.Evidence
		}
		told := strings.Join(slices.Compact(what), "; ")
		if told == "" {
			told = "nothing that moorage finds"
		}
		key := n.Zone + "\x00" + told
		if byKey[key] == nil {
			byKey[key] = &line{zone: n.Zone, what: told, lacks: len(n.Lacks)}
			lines = append(lines, byKey[key])
		}
		byKey[key].names = append(byKey[key].names, n.Name)
	}
	slices.SortStableFunc(lines, func(a, b *line) int { return cmp.Compare(a.lacks, b.lacks) })
	rows := [][]string{{"ZONE", "NODES", "WHAT LACKS"}}
	rest := 0
	for i, l := range lines {
		if i >= mostLacking {
			rest += len(l.names)
			continue
		}
		rows = append(rows, []string{orDash(l.zone), text.Fit(l.names, 24), l.what})
	}
	if rest > 0 {
		rows = append(rows, []string{"", fmt.Sprintf("%d more", rest), "-o json tells all"})
	}
	fmt.Fprintln(out)
	text.Table(out, width, rows)
}
