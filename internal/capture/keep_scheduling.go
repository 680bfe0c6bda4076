// SPDX-License-Identifier: Apache-2.0

package capture

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/resource"
)

// keepScheduling keeps what kube-scheduler's filters look at beside volumes, of the pod itself and of pods that others ask about: labels,
// selectors, affinity, tolerations, spread constraints, priority, and in the place of all containers one that takes what they take together.
func keepScheduling(from, to *corev1.Pod) {
	to.Labels = from.Labels
	if _, mirror := from.Annotations[corev1.MirrorPodAnnotationKey]; mirror {
		to.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: ""}
	}
	spec, out := &from.Spec, &to.Spec
	out.SchedulerName, out.Priority, out.NodeSelector = spec.SchedulerName, spec.Priority, spec.NodeSelector
	out.Affinity, out.TopologySpreadConstraints = spec.Affinity, spec.TopologySpreadConstraints
	for i := range spec.Tolerations {
		t := &spec.Tolerations[i]
		out.Tolerations = append(out.Tolerations, corev1.Toleration{Key: t.Key, Operator: t.Operator, Value: t.Value, Effect: t.Effect})
	}
	if len(spec.ResourceClaims) > 0 {
		// That there are dynamic resources is what counts, not which.
		out.ResourceClaims = []corev1.PodResourceClaim{{Name: "claim"}}
	}
	to.Status.NominatedNodeName = from.Status.NominatedNodeName
	// On its node a pod counts with what it was given, too, while it is being resized (PodInfo.CalculateResource in pkg/scheduler/framework).
	sized := from.Spec.NodeName != "" || from.Status.NominatedNodeName != ""
	takes := corev1.Container{Name: "all", Ports: keepPorts(spec)}
	takes.Resources.Requests = resource.PodRequests(from, resource.PodResourcesOptions{
		UseStatusResources: sized, InPlacePodLevelResourcesVerticalScalingEnabled: sized,
	})
	out.Containers = []corev1.Container{takes}
}

// keepPorts are the host's ports that the pod takes for as long as it runs: init containers that end take none.
func keepPorts(spec *corev1.PodSpec) []corev1.ContainerPort {
	var out []corev1.ContainerPort
	keep := func(c *corev1.Container) {
		for _, p := range c.Ports {
			if p.HostPort > 0 {
				out = append(out, corev1.ContainerPort{HostIP: p.HostIP, HostPort: p.HostPort, ContainerPort: p.HostPort, Protocol: p.Protocol})
			}
		}
	}
	for i := range spec.InitContainers {
		if c := &spec.InitContainers[i]; c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			keep(c)
		}
	}
	for i := range spec.Containers {
		keep(&spec.Containers[i])
	}
	return out
}
