// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"

	corev1 "k8s.io/api/core/v1"
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
	members, ok := explain.MembersWanted(object)
	if ok {
		of := object.(metav1.Object)
		g[topology.Key{Namespace: cmp.Or(of.GetNamespace(), metav1.NamespaceDefault), Name: of.GetName()}] = members
	}
	return ok
}

// groupOf is the group that a pod without a node waits for the members of; nil where it waits for none, or where that is not known.
func (w *wholeObjects) groupOf(pod *corev1.Pod) *explain.GroupOfFew {
	key := topology.Key{Namespace: pod.Namespace, Name: explain.PodGroupOf(pod)}
	want, known := w.groups[key]
	if key.Name == "" || pod.Spec.NodeName != "" || !known {
		return nil
	}
	members := w.members()[key]
	if members >= want {
		return nil
	}
	return &explain.GroupOfFew{Name: key.Name, Members: members, Want: want}
}

// countMembers counts the pods of each group that have not ended.
func (w *wholeObjects) countMembers() map[topology.Key]int {
	out := map[topology.Key]int{}
	for key, pod := range w.pods {
		if name := explain.PodGroupOf(pod); name != "" && pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed {
			out[topology.Key{Namespace: key.Namespace, Name: name}]++
		}
	}
	return out
}
