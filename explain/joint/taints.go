// SPDX-License-Identifier: Apache-2.0

package joint

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// What Kubernetes itself taints nodes with begins so.
const ofKubernetes, ofCloudProvider = "node.kubernetes.io/", "node.cloudprovider.kubernetes.io/"

// leaving are the taints of autoscalers on a node that is about to go.
var leaving = []string{"ToBeDeletedByClusterAutoscaler", "karpenter.sh/disrupted", "karpenter.sh/disruption", "karpenter.sh/unregistered"}

// passing reports whether a taint is there for a time only: an agent takes it off once it runs there, or the node goes.
func passing(t *corev1.Taint) bool {
	return slices.Contains(leaving, t.Key) || strings.HasSuffix(t.Key, "/agent-not-ready")
}

// sortTaints are those that a person set, which a pod may tolerate, and those that tell that the node is not well or not ready yet: nobody is helped by a
// pod there. What is on a node that is about to go is neither.
func sortTaints(taints []corev1.Taint) (set, unwell []corev1.Taint) {
	for _, t := range taints {
		switch {
		case slices.Contains(leaving, t.Key), t.Key == corev1.TaintNodeUnschedulable:
		case strings.HasPrefix(t.Key, ofKubernetes), strings.HasPrefix(t.Key, ofCloudProvider), passing(&t):
			unwell = append(unwell, t)
		default:
			set = append(set, t)
		}
	}
	if slices.ContainsFunc(taints, func(t corev1.Taint) bool { return slices.Contains(leaving, t.Key) }) {
		return nil, nil
	}
	return set, unwell
}

// recoverNode proposes that a node is well again.
func recoverNode(node *corev1.Node, unwell []corev1.Taint) proposal {
	return proposal{Help{Kind: RecoverNode, Node: node.Name, Taints: unwell}, func(t *trial) {
		changed := node.DeepCopy()
		changed.Spec.Taints = slices.DeleteFunc(changed.Spec.Taints, func(taint corev1.Taint) bool {
			return slices.ContainsFunc(unwell, func(u corev1.Taint) bool { return u.Key == taint.Key })
		})
		t.putNode(changed)
	}}
}
