// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/webhook/rules"
)

// VolumesResource is the name of a default that is on where it has its settings.
const VolumesResource = "volumes-resource"

var volumesResourceDefault = Default{
	Name:       VolumesResource,
	Summary:    "A pod with claims requests the resource by which its scheduler selects the pods it asks moorage about, if that scheduler is known to ignore the resource.",
	Kinds:      []rules.Kind{rules.Pod},
	Configured: func(s *Settings) bool { return s.VolumesResource != "" },
	Apply:      volumesResource,
}

// volumesResource makes pods with claims ask for one of the configured resource, where their scheduler is known to ignore it. kube-scheduler asks an extender that has
// managedResources only about pods that ask for one of them (hasManagedResources in pkg/scheduler/extender.go of Kubernetes);
// with ignoredByScheduler no node needs to have it, and kubelets ignore a resource that their node does not have
// (removeMissingExtendedResources in pkg/kubelet/lifecycle/predicate.go). A scheduler without that setting, another product's above all,
// finds no node that has the resource, and the pod stays Pending.
func volumesResource(in Input, patch *Patch) error {
	pod, ok := in.Object.(*corev1.Pod)
	if !ok {
		return fmt.Errorf("the object is a %T, not a pod", in.Object)
	}
	name := corev1.ResourceName(in.settings.VolumesResource)
	if in.Old != nil || !toBeScheduled(pod) || !hasClaims(pod) || len(pod.Spec.Containers) == 0 {
		return nil
	}
	if !slices.Contains(in.settings.VolumesResourceSchedulers, cmp.Or(pod.Spec.SchedulerName, corev1.DefaultSchedulerName)) {
		return takeBack(&pod.Spec, name, in.settings, patch)
	}
	if asksFor(&pod.Spec, name) {
		return nil
	}
	// The API server wants an extended resource's request and limit to be the same.
	for _, list := range []string{"limits", "requests"} {
		if err := patch.Set("1", "spec", "containers", "0", "resources", list, string(name)); err != nil {
			return err
		}
	}
	return nil
}

// takeBack removes what volumesResource has written from a pod that another webhook has since given to a scheduler which looks for a node with
// the resource: there is none, and the pod would wait for ever. The API server asks again after such a change (reinvocationPolicy).
func takeBack(spec *corev1.PodSpec, name corev1.ResourceName, settings *Settings, patch *Patch) error {
	if len(settings.VolumesResourceSchedulers) == 0 || !writtenByUs(spec, name) {
		return nil
	}
	for _, list := range []string{"limits", "requests"} {
		if err := patch.Remove("spec", "containers", "0", "resources", list, string(name)); err != nil {
			return err
		}
	}
	return nil
}

// writtenByUs reports whether the pod asks for the resource just as volumesResource would have it.
func writtenByUs(spec *corev1.PodSpec, name corev1.ResourceName) bool {
	first := &spec.Containers[0].Resources
	limit, limited := first.Limits[name]
	request, requested := first.Requests[name]
	rest := *spec
	rest.Containers = spec.Containers[1:]
	return limited && requested && limit.Value() == 1 && request.Value() == 1 && !asksFor(&rest, name)
}

func asksFor(spec *corev1.PodSpec, name corev1.ResourceName) bool {
	for _, c := range containersOf(spec) {
		if _, requested := c.Resources.Requests[name]; requested {
			return true
		}
		if _, limited := c.Resources.Limits[name]; limited {
			return true
		}
	}
	return false
}
