// SPDX-License-Identifier: Apache-2.0

package nodefit

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// The names of the filters are those of kube-scheduler's plugins.
const (
	NodeName          = "NodeName"
	NodeUnschedulable = "NodeUnschedulable"
	TaintToleration   = "TaintToleration"
	NodeAffinity      = "NodeAffinity"
	NodePorts         = "NodePorts"
	NodeResourcesFit  = "NodeResourcesFit"
	PodTopologySpread = "PodTopologySpread"
	InterPodAffinity  = "InterPodAffinity"
)

// filter is one plugin.
type filter struct {
	name string
	// prepare looks at the pod once and returns what judges nodes; nil where the filter has nothing to say about the pod. An error is a pod
	// that the filter cannot read: kube-scheduler then places it nowhere.
	prepare func(q *query) (ruling, error)
	// afterVolumes filters are asked after the volume plugins.
	afterVolumes bool
	// every cause of a node counts in kube-scheduler's message; otherwise the first alone does.
	every bool
}

// filters are all there are, in the order of kube-scheduler's default profile (pkg/scheduler/apis/config/v1/default_plugins.go). It stops at
// the first that rejects a node.
var filters = []filter{
	{name: NodeName, prepare: nodeName},
	{name: NodeUnschedulable, prepare: nodeUnschedulable},
	{name: TaintToleration, prepare: taintToleration},
	{name: NodeAffinity, prepare: nodeAffinity},
	{name: NodePorts, prepare: nodePorts},
	{name: NodeResourcesFit, prepare: nodeResourcesFit, every: true},
	{name: PodTopologySpread, prepare: podTopologySpread, afterVolumes: true},
	{name: InterPodAffinity, prepare: interPodAffinity, afterVolumes: true},
}

// AfterVolumes reports whether kube-scheduler asks the filter after the volume plugins.
func AfterVolumes(name string) bool {
	return slices.ContainsFunc(filters, func(f filter) bool { return f.name == name && f.afterVolumes })
}

// ruling is a filter that knows the pod.
type ruling interface {
	// causes calls report for each cause for which the node is rejected, in the filter's order.
	causes(at place, report func(Cause))
	// because looks again at a node that causes has rejected.
	because(at place, why Cause) Evidence
}

// place is a node with the pods that are counted as being there already.
type place struct {
	*node
	// expected are pods that are nominated for the node.
	expected []*Pod
}

// query is one pod's question.
type query struct {
	c        *Cluster
	pod      *corev1.Pod
	priority int32
	// unknown is what the filters had to leave open.
	unknown []string
}

func (q *query) leaveOpen(what string) { q.unknown = append(q.unknown, what) }

// places are a node as kube-scheduler looks at it. A pod must fit with those that are nominated for the node, if they are of the same
// scheduler and at least as important, and also without them, since they may go elsewhere (RunFilterPluginsWithNominatedPods in
// pkg/scheduler/framework/runtime).
func (q *query) places(n *node) []place {
	var expected []*Pod
	for _, p := range n.nominated {
		if p.Priority >= q.priority && p.Scheduler == q.pod.Spec.SchedulerName && !q.same(p) {
			expected = append(expected, p)
		}
	}
	if expected == nil {
		return []place{{node: n}}
	}
	return []place{{n, expected}, {node: n}}
}

// same reports whether p is the pod in question.
func (q *query) same(p *Pod) bool {
	return p.UID == q.pod.UID && p.Name == q.pod.Name && p.Namespace == q.pod.Namespace
}

// notModelled leaves open what other plugins may decide.
func (q *query) notModelled() {
	if len(q.pod.Spec.ResourceClaims) > 0 {
		q.leaveOpen("the pod asks for dynamic resources, which are not looked at")
	}
}
