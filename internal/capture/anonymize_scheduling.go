// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// nodeTerm renames what a term asks of a node.
func (n *renamer) nodeTerm(term *corev1.NodeSelectorTerm) {
	for e := range term.MatchExpressions {
		expression := &term.MatchExpressions[e]
		n.values(expression.Key, expression.Values)
		expression.Key = n.labelKey(expression.Key)
	}
	// The only field of a node that can be matched is its name.
	for f := range term.MatchFields {
		for i := range term.MatchFields[f].Values {
			term.MatchFields[f].Values[i] = n.name(term.MatchFields[f].Values[i])
		}
	}
}

// eachNodeTerm calls do with each term of a pod's node affinity.
func eachNodeTerm(pod *corev1.Pod, do func(*corev1.NodeSelectorTerm)) {
	a := pod.Spec.Affinity
	if a == nil || a.NodeAffinity == nil {
		return
	}
	if r := a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution; r != nil {
		for i := range r.NodeSelectorTerms {
			do(&r.NodeSelectorTerms[i])
		}
	}
	for i := range a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
		do(&a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution[i].Preference)
	}
}

// scheduling renames what keepScheduling keeps, but for the terms of node affinity.
func (n *renamer) scheduling(spec *corev1.PodSpec) {
	if spec.SchedulerName != corev1.DefaultSchedulerName {
		spec.SchedulerName = n.name(spec.SchedulerName)
	}
	spec.NodeSelector = n.labels(spec.NodeSelector)
	for i := range spec.Tolerations {
		t := &spec.Tolerations[i]
		t.Value = n.labelValue(t.Key, t.Value)
		if t.Key != "" { // Without one it is for every taint.
			t.Key = n.labelKey(t.Key)
		}
	}
	for i := range spec.TopologySpreadConstraints {
		c := &spec.TopologySpreadConstraints[i]
		c.TopologyKey = n.labelKey(c.TopologyKey)
		n.selector(c.LabelSelector)
		n.keys(c.MatchLabelKeys)
	}
	for i := range spec.Containers {
		c := &spec.Containers[i]
		c.Resources.Requests = n.resources(c.Resources.Requests)
		for p := range c.Ports {
			if ip := &c.Ports[p].HostIP; *ip != "" && *ip != "0.0.0.0" {
				*ip = n.name(*ip)
			}
		}
	}
	if spec.Affinity == nil {
		return
	}
	if a := spec.Affinity.PodAffinity; a != nil {
		n.podTerms(a.RequiredDuringSchedulingIgnoredDuringExecution, a.PreferredDuringSchedulingIgnoredDuringExecution)
	}
	if a := spec.Affinity.PodAntiAffinity; a != nil {
		n.podTerms(a.RequiredDuringSchedulingIgnoredDuringExecution, a.PreferredDuringSchedulingIgnoredDuringExecution)
	}
}

func (n *renamer) podTerms(required []corev1.PodAffinityTerm, preferred []corev1.WeightedPodAffinityTerm) {
	rename := func(t *corev1.PodAffinityTerm) {
		t.TopologyKey = n.labelKey(t.TopologyKey)
		n.selector(t.LabelSelector)
		n.selector(t.NamespaceSelector)
		n.keys(t.MatchLabelKeys)
		n.keys(t.MismatchLabelKeys)
		for i := range t.Namespaces {
			t.Namespaces[i] = n.name(t.Namespaces[i])
		}
	}
	for i := range required {
		rename(&required[i])
	}
	for i := range preferred {
		rename(&preferred[i].PodAffinityTerm)
	}
}

func (n *renamer) keys(keys []string) {
	for i := range keys {
		keys[i] = n.labelKey(keys[i])
	}
}

// ownResources are those of Kubernetes that have a domain.
var ownResources = []string{"kubernetes.io/", "requests."}

// resources renames extended resources.
func (n *renamer) resources(list corev1.ResourceList) corev1.ResourceList {
	if list == nil {
		return nil
	}
	out := corev1.ResourceList{}
	for name, quantity := range list {
		own := func(prefix string) bool { return strings.HasPrefix(string(name), prefix) }
		if strings.Contains(string(name), "/") && !slices.ContainsFunc(ownResources, own) {
			name = corev1.ResourceName(n.labelKey(string(name)))
		}
		out[name] = quantity
	}
	return out
}
