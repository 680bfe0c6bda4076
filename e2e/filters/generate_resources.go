// SPDX-License-Identifier: Apache-2.0

package filters

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// requests is a list of a few resources.
func (g *generator) requests(most int) corev1.ResourceList {
	list := corev1.ResourceList{}
	put := func(name corev1.ResourceName, p float64, text string) {
		if g.chance(p) {
			list[name] = resource.MustParse(text)
		}
	}
	put(corev1.ResourceCPU, 0.5, pick(g, "1", "500m", "2", "1100m", fmt.Sprint(most)))
	put(corev1.ResourceMemory, 0.4, pick(g, "1", "2", fmt.Sprint(most)))
	put(corev1.ResourceEphemeralStorage, 0.2, pick(g, "1", "2", fmt.Sprint(most)))
	put("hugepages-2Mi", 0.1, pick(g, "0", "1", "2"))
	put("example.com/gpu", 0.15, pick(g, "0", "1", "2"))
	put(ignoredResource, 0.05, "5")
	put(ignoredGroup+"/thing", 0.05, "5")
	put("requests.example.com/no", 0.03, "5")
	put("unknown", 0.03, "5")
	return list
}

func (g *generator) containers(p *corev1.Pod) {
	container := func(name string) corev1.Container {
		c := corev1.Container{Name: name, Image: images[0], Resources: corev1.ResourceRequirements{Requests: g.requests(4)}}
		for g.chance(g.dials.ports) {
			port := corev1.ContainerPort{ContainerPort: 80, HostPort: int32(g.between(0, 3)), HostIP: pick(g, "", "0.0.0.0", "10.0.0.1", "10.0.0.2")}
			port.Protocol = pick(g, "", corev1.ProtocolTCP, corev1.ProtocolUDP)
			c.Ports = append(c.Ports, port)
		}
		return c
	}
	for i := range g.between(1, 2) {
		p.Spec.Containers = append(p.Spec.Containers, container(fmt.Sprintf("c%d", i)))
	}
	for i := 0; g.chance(0.3); i++ {
		c := container(fmt.Sprintf("i%d", i))
		if g.chance(0.5) {
			c.RestartPolicy = new(corev1.ContainerRestartPolicyAlways)
		}
		p.Spec.InitContainers = append(p.Spec.InitContainers, c)
	}
	if g.chance(0.1) {
		p.Spec.Overhead = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("250m"), corev1.ResourceMemory: resource.MustParse("1")}
	}
	if g.chance(0.15) {
		p.Spec.Resources = &corev1.ResourceRequirements{Requests: g.requests(5)}
	}
}

// resize is a pod whose resources are being changed in place.
func (g *generator) resize(p *corev1.Pod) {
	for i := range p.Spec.Containers {
		status := corev1.ContainerStatus{Name: p.Spec.Containers[i].Name}
		if g.chance(0.7) {
			status.AllocatedResources = g.requests(3)
		}
		if g.chance(0.7) {
			status.Resources = &corev1.ResourceRequirements{Requests: g.requests(3)}
		}
		p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, status)
	}
	if g.chance(0.3) {
		p.Status.AllocatedResources = g.requests(3)
		p.Status.Resources = &corev1.ResourceRequirements{Requests: g.requests(3)}
	}
	if g.chance(0.5) {
		p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{
			Type: corev1.PodResizePending, Status: corev1.ConditionTrue, Reason: pick(g, corev1.PodReasonInfeasible, corev1.PodReasonDeferred),
		})
	}
}
