// SPDX-License-Identifier: Apache-2.0

package nodefit

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// node is a node with what its pods take of it. It is not changed once a Cluster holds it.
type node struct {
	object      *corev1.Node
	allocatable Resources
	// allowed is the number of pods that the node takes.
	allowed int64

	pods      []*Pod
	nominated []*Pod
	// guarded are the pods with a required anti-affinity.
	guarded []*Pod
	taken   Resources
}

func newNode(object *corev1.Node) *node {
	pods := object.Status.Allocatable[corev1.ResourcePods]
	return &node{object: object, allocatable: resourcesFrom(object.Status.Allocatable), allowed: pods.Value()}
}

// add puts a pod on the node. The node must be the caller's own.
func (n *node) add(p *Pod) {
	if p.Node == "" {
		n.nominated = append(n.nominated, p)
		return
	}
	n.pods = append(n.pods, p)
	if len(p.antiAffinity) > 0 {
		n.guarded = append(n.guarded, p)
	}
	n.taken.add(&p.Requests, 1)
}

// copied is the node as another object describes it, with the same pods, to be changed.
func (n *node) copied(object *corev1.Node) *node {
	out := newNode(object)
	out.pods, out.nominated, out.guarded = slices.Clip(n.pods), slices.Clip(n.nominated), slices.Clip(n.guarded)
	out.taken = n.taken.clone()
	return out
}

// without is the node without the pods of these names; the node itself where it has none of them.
func (n *node) without(gone map[key]bool) *node {
	is := func(p *Pod) bool { return gone[key{p.Namespace, p.Name}] }
	if !slices.ContainsFunc(n.pods, is) && !slices.ContainsFunc(n.nominated, is) {
		return n
	}
	out := n.copied(n.object)
	for _, p := range n.pods {
		if is(p) {
			out.taken.add(&p.Requests, -1)
		}
	}
	out.pods = slices.DeleteFunc(slices.Clone(n.pods), is)
	out.nominated = slices.DeleteFunc(slices.Clone(n.nominated), is)
	out.guarded = slices.DeleteFunc(slices.Clone(n.guarded), is)
	return out
}

// Trim returns what the filters look at of a node. A node lists its images and volumes too, which is most of it.
func Trim(n *corev1.Node) *corev1.Node {
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: n.Name, UID: n.UID, Labels: n.Labels, CreationTimestamp: n.CreationTimestamp, DeletionTimestamp: n.DeletionTimestamp},
		Spec:       corev1.NodeSpec{Taints: n.Spec.Taints, Unschedulable: n.Spec.Unschedulable, ProviderID: n.Spec.ProviderID},
		Status:     corev1.NodeStatus{Allocatable: n.Status.Allocatable, Conditions: n.Status.Conditions},
	}
}
