// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// volumesResource makes pods with claims ask for one of the configured resource. kube-scheduler asks an extender that has
// managedResources only about pods that ask for one of them (hasManagedResources in pkg/scheduler/extender.go of Kubernetes);
// with ignoredByScheduler no node needs to have it, and kubelets ignore a resource that their node does not have
// (removeMissingExtendedResources in pkg/kubelet/lifecycle/predicate.go).
func volumesResource(in Input, patch *Patch) error {
	pod, ok := in.Object.(*corev1.Pod)
	if !ok {
		return fmt.Errorf("the object is a %T, not a pod", in.Object)
	}
	name := corev1.ResourceName(in.settings.VolumesResource)
	if in.Old != nil || !toBeScheduled(pod) || !hasClaims(pod) || len(pod.Spec.Containers) == 0 || asksFor(&pod.Spec, name) {
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
