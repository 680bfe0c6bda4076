// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"

	corev1 "k8s.io/api/core/v1"
	schedulingv1alpha3 "k8s.io/api/scheduling/v1alpha3"
	schedulingv1beta1 "k8s.io/api/scheduling/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/topology"
)

// podGroups are the PodGroups that files hold, with how many members each waits for; 0 for one whose members do not wait for one another. Those of
// a cluster are not read.
type podGroups map[topology.Key]int

// take notes a PodGroup, and reports whether it is one.
func (g podGroups) take(object runtime.Object) bool {
	note := func(of *metav1.ObjectMeta, members int) bool {
		g[topology.Key{Namespace: cmp.Or(of.Namespace, metav1.NamespaceDefault), Name: of.Name}] = members
		return true
	}
	switch o := object.(type) {
	case *schedulingv1beta1.PodGroup:
		if gang := o.Spec.SchedulingPolicy.Gang; gang != nil {
			return note(&o.ObjectMeta, int(gang.MinCount))
		}
		return note(&o.ObjectMeta, 0)
	case *schedulingv1alpha3.PodGroup:
		if gang := o.Spec.SchedulingPolicy.Gang; gang != nil {
			return note(&o.ObjectMeta, int(gang.MinCount))
		}
		return note(&o.ObjectMeta, 0)
	default:
		return false
	}
}

// groupOf is the group that a pod without a node waits for the members of; nil where it waits for none, or where that is not known.
func (w *wholeObjects) groupOf(pod *corev1.Pod) *explain.GroupOfFew {
	name := groupName(pod)
	want, known := w.groups[topology.Key{Namespace: pod.Namespace, Name: name}]
	if name == "" || pod.Spec.NodeName != "" || !known {
		return nil
	}
	members := 0
	for key, other := range w.pods {
		if key.Namespace == pod.Namespace && groupName(other) == name && other.Status.Phase != corev1.PodSucceeded && other.Status.Phase != corev1.PodFailed {
			members++
		}
	}
	if members >= want {
		return nil
	}
	return &explain.GroupOfFew{Name: name, Members: members, Want: want}
}

func groupName(pod *corev1.Pod) string {
	if g := pod.Spec.SchedulingGroup; g != nil && g.PodGroupName != nil {
		return *g.PodGroupName
	}
	return ""
}
