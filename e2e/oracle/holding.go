// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// holding is which volumes of a pod make kube-scheduler hold it back, by index, and why.
type holding map[int][]*Exemption

func holdingOf(x *lookup, pod *corev1.Pod) holding {
	h := holding{}
	for i := range pod.Spec.Volumes {
		v := &pod.Spec.Volumes[i]
		if !usesClaim(v) {
			continue
		}
		for _, e := range Exemptions {
			if e.holds != nil && e.holds(x, pod, v) {
				h[i] = append(h[i], e)
			}
		}
	}
	return h
}

// all are the exemptions that apply, each as often as it does.
func (h holding) all() []*Exemption {
	var out []*Exemption
	for _, of := range h {
		out = append(out, of...)
	}
	return out
}

// volumes are the names of the volumes that are held.
func (h holding) volumes(pod *corev1.Pod) []string {
	var out []string
	for i := range pod.Spec.Volumes {
		if len(h[i]) > 0 {
			out = append(out, pod.Spec.Volumes[i].Name)
		}
	}
	return out
}

// surely reports whether some cause leaves kube-scheduler no way to get on.
func (h holding) surely() bool {
	return slices.ContainsFunc(h.all(), func(e *Exemption) bool { return !e.passes })
}

// without is the pod without the held volumes; with a plugin, only without those that stop it.
func (h holding) without(pod *corev1.Pod, plugin *string) *corev1.Pod {
	if len(h) == 0 {
		return pod
	}
	out := *pod
	out.Spec.Volumes = nil
	for i := range pod.Spec.Volumes {
		drop := slices.ContainsFunc(h[i], func(e *Exemption) bool { return plugin == nil || slices.Contains(e.stops, *plugin) })
		if !drop {
			out.Spec.Volumes = append(out.Spec.Volumes, pod.Spec.Volumes[i])
		}
	}
	return &out
}

// String names the exemptions.
func (h holding) String() string {
	var parts []string
	for _, e := range h.all() {
		parts = append(parts, e.Name)
	}
	slices.Sort(parts)
	return strings.Join(slices.Compact(parts), ", ")
}
