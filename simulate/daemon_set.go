// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/nodefit"
)

// daemonSet are the pods of a DaemonSet: one for each node that it is for. Which these are is known where more than volumes is, as are what
// its pods tolerate and how each is tied to its node (NodeShouldRunDaemonPod in pkg/controller/daemon and its package util).
func (m *simulation) daemonSet(o *appsv1.DaemonSet, namespace string) ([]planned, error) {
	template := o.Spec.Template.DeepCopy()
	template.Spec.Tolerations = append(template.Spec.Tolerations, daemonTolerations(template.Spec.HostNetwork)...)
	nodes := m.nodesFor(template)
	pods, err := alike("DaemonSet", o.ObjectMeta, *template, len(nodes), namespace)
	for i := range pods {
		pods[i].only = nodes[i]
		if m.others != nil {
			tie(&pods[i].pod.Spec, nodes[i])
		}
	}
	return pods, err
}

func (m *simulation) nodesFor(template *corev1.PodTemplateSpec) []string {
	var names []string
	if m.others == nil {
		for i := range m.s.NumNodes() {
			names = append(names, m.s.Node(i).Name)
		}
		return names
	}
	others := m.others.Cluster()
	verdict := others.Judge(&corev1.Pod{Spec: corev1.PodSpec{
		NodeSelector: template.Spec.NodeSelector, Affinity: onlyNodes(template.Spec.Affinity), Tolerations: template.Spec.Tolerations,
	}})
	for i := range others.NumNodes() {
		// What else is there is no matter of which nodes are meant.
		meant := !slices.ContainsFunc(verdict.Eliminations, func(e nodefit.Elimination) bool {
			return e.Nodes.Has(i) && slices.Contains([]string{nodefit.NodeUnschedulable, nodefit.TaintToleration, nodefit.NodeAffinity}, e.Filter)
		})
		if meant {
			names = append(names, others.Node(i).Name)
		}
	}
	return names
}

func onlyNodes(a *corev1.Affinity) *corev1.Affinity {
	if a == nil {
		return nil
	}
	return &corev1.Affinity{NodeAffinity: a.NodeAffinity}
}

// tie has a pod go to one node, in place of what it asks of nodes by affinity.
func tie(spec *corev1.PodSpec, node string) {
	if spec.Affinity == nil {
		spec.Affinity = &corev1.Affinity{}
	}
	if spec.Affinity.NodeAffinity == nil {
		spec.Affinity.NodeAffinity = &corev1.NodeAffinity{}
	}
	spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution = &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
		MatchFields: []corev1.NodeSelectorRequirement{{Key: metav1.ObjectNameField, Operator: corev1.NodeSelectorOpIn, Values: []string{node}}},
	}}}
}

// daemonTolerations are those that the controller gives every pod (AddOrUpdateDaemonPodTolerations in pkg/controller/daemon/util).
func daemonTolerations(hostNetwork bool) []corev1.Toleration {
	var out []corev1.Toleration
	add := func(key string, effect corev1.TaintEffect) {
		out = append(out, corev1.Toleration{Key: key, Operator: corev1.TolerationOpExists, Effect: effect})
	}
	add(corev1.TaintNodeNotReady, corev1.TaintEffectNoExecute)
	add(corev1.TaintNodeUnreachable, corev1.TaintEffectNoExecute)
	for _, key := range []string{corev1.TaintNodeDiskPressure, corev1.TaintNodeMemoryPressure, corev1.TaintNodePIDPressure, corev1.TaintNodeUnschedulable} {
		add(key, corev1.TaintEffectNoSchedule)
	}
	if hostNetwork {
		add(corev1.TaintNodeNetworkUnavailable, corev1.TaintEffectNoSchedule)
	}
	return out
}
