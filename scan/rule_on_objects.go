// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/moorage-k8s/moorage/check"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology"
)

var ruleKind = Kind{
	ID: "rule", Section: Unwise,
	Means:  "An admission rule has something to say of an object that is in the cluster; the finding is called rule/ID.",
	Known:  "The rules of the webhook, asked as 'moorage check --live' asks them.",
	Not:    "For objects that are being deleted or have ended; for what a controller made, where the controller's template has the fault; where a finding of another section says the same.",
	Remedy: "see the rule: 'moorage rules ID'",
	Needs:  []topology.Kind{topology.KindPod, topology.KindClaim},
	Find:   rulesOnObjects,
}

// sameAs are the kinds of findings that say what a rule says, of the same object.
var sameAs = map[string][]string{
	"binding-immediate-zonal": {"class-immediate-zonal"},
	"binding-no-class":        {"no-default-class", "claim-pending"},
	"binding-class-missing":   {"claim-pending", "pod-waiting", "driver-missing"},
	"binding-static-mismatch": {"claim-pending", "pod-waiting"},
	"driver-missing":          {"driver-missing"},
	"volume-handle-shared":    {"volume-same-handle"},
	"selinux-label-conflict":  {"upgrade-selinux-mount"},
	"plugin-removed":          {"upgrade-plugin-removed"},
	"plugin-migrated":         {"upgrade-plugin-migrated"},
}

func rulesOnObjects(c *Cluster) []Finding {
	var found []Finding
	for _, f := range c.ruleFindings() {
		root := Object{Kind: f.Object.Kind, Namespace: f.Object.Namespace, Name: f.Object.Name}
		within := Object{Kind: f.Within.Kind, Namespace: f.Within.Namespace, Name: f.Within.Name}
		if strings.HasPrefix(f.Rule, "binding-") && (c.explained[root] || c.explained[within]) {
			continue
		}
		if slices.ContainsFunc(sameAs[f.Rule], func(id string) bool { return c.memo.told[told{id, root}] }) {
			continue
		}
		out := Finding{
			ID: RulePrefix + f.Rule, Objects: []Object{root}, Cause: f.Message, Remedy: f.Remediation,
			Command: "kubectl moorage rules " + f.Rule,
		}
		where := fmt.Sprintf("%s %s", root.Kind, topology.Key{Namespace: root.Namespace, Name: root.Name})
		if f.Within.Name != "" {
			where = fmt.Sprintf("%s %s", within.Kind, topology.Key{Namespace: within.Namespace, Name: within.Name})
			out.Hurts = append(out.Hurts, within)
			if f.Alike > 0 {
				where += fmt.Sprintf(" and %s more that %s made", text.Count(f.Alike, "object"), root.Name)
			}
		}
		out.Evidence = append(out.Evidence, where+": "+cmp.Or(f.Path, "the object"))
		if f.Symptom != "" {
			out.Evidence = append(out.Evidence, "what comes of it: "+f.Symptom)
		}
		found = append(found, out)
	}
	return found
}

// told is a kind of finding that names an object.
type told struct {
	id     string
	object Object
}

// note remembers of which objects a finding tells.
func (m *memo) note(f *Finding) {
	if m.told == nil {
		m.told = map[told]bool{}
	}
	for _, o := range slices.Concat(f.Objects, f.Hurts) {
		m.told[told{f.ID, o}] = true
	}
}

// ruleFindings are what the rules say of the cluster's objects; nothing where no rules were given.
func (c *Cluster) ruleFindings() []check.Finding {
	if c.Rules == nil {
		return nil
	}
	if !c.memo.asked {
		c.memo.asked = true
		// An error is only of a context that ended.
		if result, err := check.Live(context.Background(), check.LiveOptions{
			Objects: c.asked(), Cluster: c.Snapshot, Partial: len(c.Unlisted) > 0, Evaluator: c.Rules,
		}); err == nil {
			c.memo.rules = result.Findings
		}
	}
	return c.memo.rules
}

// asked are the objects that rules are asked about. Of pods, those that were kept whole: replicas of one owner are alike.
func (c *Cluster) asked() []runtime.Object {
	var out []runtime.Object
	for _, at := range slices.SortedFunc(maps.Keys(c.Workloads), func(a, b Object) int {
		return cmp.Or(compareObjects([]Object{a}, []Object{b}), cmp.Compare(a.Kind, b.Kind))
	}) {
		if whole := c.Workloads[at].Whole; whole != nil {
			out = append(out, whole)
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(c.Pods), topology.Key.Compare) {
		if pod := c.Pods[key]; !slices.ContainsFunc(pod.Spec.Containers, func(c corev1.Container) bool { return c.Image == "" }) {
			out = append(out, pod)
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(c.Claims), topology.Key.Compare) {
		out = append(out, c.Claims[key])
	}
	for _, name := range slices.Sorted(maps.Keys(c.Volumes)) {
		out = append(out, c.Volumes[name])
	}
	for _, key := range c.Snapshot.Keys(topology.KindClass) {
		out = append(out, c.Snapshot.Class(key.Name).Object)
	}
	for _, key := range slices.SortedFunc(maps.Keys(c.Snapshots), topology.Key.Compare) {
		out = append(out, c.Snapshots[key])
	}
	for _, name := range slices.Sorted(maps.Keys(c.SnapshotContents)) {
		out = append(out, c.SnapshotContents[name])
	}
	return out
}
