// SPDX-License-Identifier: Apache-2.0

package nodefit

import corev1 "k8s.io/api/core/v1"

// Evidence is what a filter rejected one node for. It names what is to blame and nothing else: where all of it is changed, the filter no
// longer rejects the node for this cause, and as long as any of it is left it does. Which fields are set depends on the filter; what they
// hold is shared and must not be changed.
type Evidence struct {
	// NodeName is the only node that the pod names: NodeName.
	NodeName string
	// Unschedulable nodes are cordoned: NodeUnschedulable.
	Unschedulable bool
	// Taints are those of the node that the pod does not tolerate: TaintToleration.
	Taints []corev1.Taint
	// Selector is what the pod's nodeSelector asks for and the node's labels do not have: NodeAffinity.
	Selector map[string]string
	// Terms are those of the pod's node affinity, none of which the node meets; to meet one would do: NodeAffinity.
	Terms []Term
	// Ports are those that the pod asks for and others have: NodePorts.
	Ports []TakenPort
	// Wanted is what the pod asks for of the Resource of the cause, Taken what others have of it, and Allocatable what there is: NodeResourcesFit.
	Wanted, Taken, Allocatable int64
	// Spread is the constraint that the node does not meet: PodTopologySpread.
	Spread *Spread
	// Affinity are the numbers of the pod's required affinity terms that no pod where the node is meets, Missing which of their topology
	// keys the node has no label for: InterPodAffinity.
	Affinity []int
	Missing  []string
	// Apart are pods that must be kept apart from this one: by the pod's own anti-affinity or by theirs, as the cause says.
	// InterPodAffinity.
	Apart []*Pod
	// Expected are pods that are nominated for the node and were counted as if they were there. They are not to blame by themselves.
	Expected []*Pod
}

// Term is a term of a node affinity and what of it a node does not meet.
type Term struct {
	// Number is the term's place in the pod's list.
	Number int
	// Expressions and Fields are those that the node does not meet. Both are empty for a term without any, which matches no node, and
	// for one that cannot be read.
	Expressions, Fields []corev1.NodeSelectorRequirement
	// Fault is why the term cannot be read; it then matches no node.
	Fault string
}

// TakenPort is a port that the pod asks for, and those who have it.
type TakenPort struct {
	Port Port
	Pods []*Pod
}

// Spread is a topology spread constraint on one node.
type Spread struct {
	Constraint corev1.TopologySpreadConstraint
	// Missing is set where the node has no label for the constraint's topology key. The rest is then empty.
	Missing bool
	// Domain is the node's value of the topology key. Pods are the matching pods in it, Self is 1 where the pod itself would be one more,
	// Least is how many the domain with fewest has. Pods + Self - Least is more than the constraint's maxSkew.
	Domain            string
	Pods, Self, Least int
	// Domains is how many domains count. Where they are fewer than the constraint's minDomains, Least is 0.
	Domains int
}
