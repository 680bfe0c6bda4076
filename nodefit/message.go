// SPDX-License-Identifier: Apache-2.0

package nodefit

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/internal/upstream"
)

// Foretell returns what kube-scheduler says of a pod that fits nowhere, up to what it says of preemption: '0/3 nodes are available: …'. The
// functions return what the volume plugins and the extenders give as reasons for rejecting node i; nil functions reject nothing. A node
// that nothing rejects is left out.
func (v *Verdict) Foretell(volumes, extenders func(i int) []string) string {
	head := fmt.Sprintf(upstream.NoNodeAvailable, len(v.q.c.nodes)) + ":"
	named := named(v.q.pod)
	if named.text != "" {
		return head + " " + named.text + "."
	}
	if v.Unreadable != nil {
		return head + " " + v.Unreadable.Text + "."
	}
	counts := map[string]int{}
	for i := range v.q.c.nodes {
		for _, text := range v.said(i, named, volumes, extenders) {
			counts[text]++
		}
	}
	parts := make([]string, 0, len(counts))
	for _, text := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d %s", counts[text], text))
	}
	if len(parts) == 0 {
		return head
	}
	slices.Sort(parts)
	return head + " " + strings.Join(parts, ", ") + "."
}

// said is what kube-scheduler says of node i: it stops at the first plugin that rejects it.
func (v *Verdict) said(i int, named namedNodes, volumes, extenders func(i int) []string) []string {
	if named.nodes != nil && !named.nodes[v.q.c.nodes[i].object.Name] {
		return []string{fmt.Sprintf(upstream.UnnamedByPlugins, named.plugins)}
	}
	for _, at := range v.q.places(v.q.c.nodes[i]) {
		if texts := v.firstOf(at, false); texts != nil {
			return texts
		}
		if volumes != nil {
			if texts := volumes(i); texts != nil {
				return texts
			}
		}
		if texts := v.firstOf(at, true); texts != nil {
			return texts
		}
	}
	if extenders != nil {
		return extenders(i)
	}
	return nil
}

// firstOf is what the first filter to reject the place says, of those before the volumes or of those after.
func (v *Verdict) firstOf(at place, afterVolumes bool) []string {
	for r := range v.rulings {
		if v.rulings[r].afterVolumes != afterVolumes {
			continue
		}
		var texts []string
		v.rulings[r].causes(at, func(why Cause) {
			if v.rulings[r].every || texts == nil {
				texts = append(texts, why.Text)
			}
		})
		if texts != nil {
			return texts
		}
	}
	return nil
}

// namedNodes are the nodes that a pod names, before any node is looked at.
type namedNodes struct {
	// nodes are the only ones that are looked at; nil for all.
	nodes map[string]bool
	// plugins are those that see the names.
	plugins []string
	// text is set where the names contradict each other, so that no node is looked at.
	text string
}

// named finds the names as NodeName and NodeAffinity do (PreFilter of both, and RunPreFilterPlugins).
func named(pod *corev1.Pod) namedNodes {
	var out namedNodes
	if name := pod.Spec.NodeName; name != "" {
		out.nodes, out.plugins = map[string]bool{name: true}, []string{NodeName}
	}
	required := requiredNodeAffinity(pod)
	if required == nil || len(required.NodeSelectorTerms) == 0 {
		return out
	}
	wanted := map[string]bool{}
	for i := range required.NodeSelectorTerms {
		names := namesOf(&required.NodeSelectorTerms[i])
		if names == nil {
			return out
		}
		maps.Copy(wanted, names)
	}
	if len(wanted) == 0 {
		return namedNodes{text: upstream.NodeAffinityConflict}
	}
	out.plugins = append([]string{NodeAffinity}, out.plugins...)
	if out.nodes != nil {
		maps.DeleteFunc(out.nodes, func(name string, _ bool) bool { return !wanted[name] })
		if len(out.nodes) == 0 {
			return namedNodes{text: fmt.Sprintf(upstream.UnnamedSimultaneously, out.plugins)}
		}
		return out
	}
	out.nodes = wanted
	return out
}

// namesOf are the names that all of the term's fields ask for; nil where none does.
func namesOf(term *corev1.NodeSelectorTerm) map[string]bool {
	var names map[string]bool
	for _, r := range term.MatchFields {
		if r.Key != metav1.ObjectNameField || r.Operator != corev1.NodeSelectorOpIn {
			continue
		}
		asked := map[string]bool{}
		for _, name := range r.Values {
			asked[name] = true
		}
		if names == nil {
			names = asked
		} else {
			maps.DeleteFunc(names, func(name string, _ bool) bool { return !asked[name] })
		}
	}
	return names
}
