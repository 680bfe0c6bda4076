// SPDX-License-Identifier: Apache-2.0

package nodefit

import (
	"cmp"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/component-helpers/resource"
	schedulinghelpers "k8s.io/component-helpers/scheduling/corev1"
)

// Pod is what a pod that has a node, or is nominated for one, means to others. It holds no more of the API object than that, since there
// are many. It must not be changed.
type Pod struct {
	Namespace, Name string
	UID             types.UID
	// Node is where the pod is, and Nominated where it is to go once room has been made; one of them is set.
	Node, Nominated string
	Scheduler       string
	Priority        int32
	Deleting        bool
	Labels          map[string]string
	// Requests are what the pod takes of the node: for a pod that is being resized the largest of what it wants, was given and has.
	Requests Resources
	Ports    []Port

	antiAffinity []term
}

// Port is a port of the node that a pod takes.
type Port struct {
	// IP is 0.0.0.0 for all of the node's addresses.
	IP       string
	Protocol corev1.Protocol
	Number   int32
}

// PodFromAPI returns what the pod means to others; nil for a pod that means nothing to them: it has ended, or has no node and is nominated
// for none.
func PodFromAPI(pod *corev1.Pod) *Pod {
	if pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
		return nil
	}
	if pod.Spec.NodeName == "" && pod.Status.NominatedNodeName == "" {
		return nil
	}
	p := podOn(pod, pod.Spec.NodeName)
	if pod.Spec.NodeName == "" {
		p.Nominated = pod.Status.NominatedNodeName
	}
	return p
}

// podOn returns what the pod means to others once it is on the node.
func podOn(pod *corev1.Pod, node string) *Pod {
	p := &Pod{
		Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID,
		Node: node, Scheduler: pod.Spec.SchedulerName, Priority: schedulinghelpers.PodPriority(pod), Deleting: pod.DeletionTimestamp != nil,
		Labels: pod.Labels, Requests: resourcesFrom(takes(pod)), Ports: hostPorts(pod),
	}
	if a := pod.Spec.Affinity; a != nil && a.PodAntiAffinity != nil {
		// Terms that cannot be read count for nothing, not even those beside them: kube-scheduler does so.
		p.antiAffinity, _ = readTerms(pod.Namespace, a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution)
	}
	return p
}

// takes is what a pod takes of its node (PodInfo.CalculateResource in pkg/scheduler/framework).
func takes(pod *corev1.Pod) corev1.ResourceList {
	return resource.PodRequests(pod, resource.PodResourcesOptions{
		UseStatusResources: true, InPlacePodLevelResourcesVerticalScalingEnabled: true,
	})
}

// hostPorts are the node's ports that the pod takes for as long as it runs: init containers that end take none.
func hostPorts(pod *corev1.Pod) []Port {
	var ports []Port
	of := func(containers []corev1.Container, all bool) {
		for i := range containers {
			c := &containers[i]
			if !all && (c.RestartPolicy == nil || *c.RestartPolicy != corev1.ContainerRestartPolicyAlways) {
				continue
			}
			for _, p := range c.Ports {
				if p.HostPort > 0 {
					ports = append(ports, portOf(&p))
				}
			}
		}
	}
	of(pod.Spec.InitContainers, false)
	of(pod.Spec.Containers, true)
	return ports
}

func comparePods(a, b *Pod) int {
	return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
}
