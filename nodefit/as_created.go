// SPDX-License-Identifier: Apache-2.0

package nodefit

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// AsCreated returns the pod as the API server keeps it, as far as the filters go: what a container is limited to and does not request is
// requested, a container in the host's network has the host's ports (SetDefaults_Pod in pkg/apis/core/v1), and the pod's own values of
// matchLabelKeys and mismatchLabelKeys are in the selectors (mutatePodAffinity and mutateTopologySpreadConstraints in pkg/registry/core/pod). It
// is for pods that come from a manifest. The pod itself stays as it is.
func AsCreated(pod *corev1.Pod) *corev1.Pod {
	out := pod.DeepCopy()
	withDefaults(&out.Spec)
	affinity := func(terms []corev1.PodAffinityTerm) {
		for i := range terms {
			t := &terms[i]
			addKeys(t.LabelSelector, t.MatchLabelKeys, metav1.LabelSelectorOpIn, pod.Labels)
			addKeys(t.LabelSelector, t.MismatchLabelKeys, metav1.LabelSelectorOpNotIn, pod.Labels)
		}
	}
	if a := out.Spec.Affinity; a != nil {
		if a.PodAffinity != nil {
			affinity(a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution)
		}
		if a.PodAntiAffinity != nil {
			affinity(a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution)
		}
	}
	for i := range out.Spec.TopologySpreadConstraints {
		c := &out.Spec.TopologySpreadConstraints[i]
		addKeys(c.LabelSelector, c.MatchLabelKeys, metav1.LabelSelectorOpIn, pod.Labels)
	}
	return out
}

func withDefaults(spec *corev1.PodSpec) {
	for _, containers := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range containers {
			c := &containers[i]
			for name, limit := range c.Resources.Limits {
				if _, requested := c.Resources.Requests[name]; !requested {
					if c.Resources.Requests == nil {
						c.Resources.Requests = corev1.ResourceList{}
					}
					c.Resources.Requests[name] = limit
				}
			}
			for p := range c.Ports {
				if spec.HostNetwork && c.Ports[p].HostPort == 0 {
					c.Ports[p].HostPort = c.Ports[p].ContainerPort
				}
			}
		}
	}
}

// addKeys adds the pod's own values of the labels to the selector. No selector means no pod, and stays so.
func addKeys(selector *metav1.LabelSelector, keys []string, operator metav1.LabelSelectorOperator, own map[string]string) {
	if selector == nil {
		return
	}
	for _, name := range keys {
		if value, ok := own[name]; ok {
			selector.MatchExpressions = append(selector.MatchExpressions,
				metav1.LabelSelectorRequirement{Key: name, Operator: operator, Values: []string{value}})
		}
	}
}
