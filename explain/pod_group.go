// SPDX-License-Identifier: Apache-2.0

package explain

import (
	corev1 "k8s.io/api/core/v1"
	schedulingv1alpha3 "k8s.io/api/scheduling/v1alpha3"
	schedulingv1beta1 "k8s.io/api/scheduling/v1beta1"
	"k8s.io/apimachinery/pkg/runtime"
)

// MembersWanted is how many members must be there before any of a PodGroup is looked at; 0 where they do not wait for one another. It is false for
// an object that is no PodGroup.
func MembersWanted(object runtime.Object) (int, bool) {
	switch o := object.(type) {
	case *schedulingv1beta1.PodGroup:
		if gang := o.Spec.SchedulingPolicy.Gang; gang != nil {
			return int(gang.MinCount), true
		}
		return 0, true
	case *schedulingv1alpha3.PodGroup:
		if gang := o.Spec.SchedulingPolicy.Gang; gang != nil {
			return int(gang.MinCount), true
		}
		return 0, true
	default:
		return 0, false
	}
}

// PodGroupOf is the name of the PodGroup that a pod is a member of; empty for none.
func PodGroupOf(pod *corev1.Pod) string {
	if g := pod.Spec.SchedulingGroup; g != nil && g.PodGroupName != nil {
		return *g.PodGroupName
	}
	return ""
}
