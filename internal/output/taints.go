// SPDX-License-Identifier: Apache-2.0

package output

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/internal/text"
)

// How a text about taints ends.
const notTolerated, notAllTolerated = " is not tolerated", " are not tolerated"

// taintStates are what Kubernetes' own taints say of a node. Who reads that a taint is not tolerated looks for somebody who set it.
var taintStates = []struct{ key, state string }{
	{corev1.TaintNodeOutOfService, "out of service"},
	{corev1.TaintNodeUnreachable, "not ready, as its kubelet does not report"},
	{corev1.TaintNodeNotReady, "not ready"},
	{corev1.TaintNodeNetworkUnavailable, "without its network yet"},
	{corev1.TaintNodeMemoryPressure, "short of memory"},
	{corev1.TaintNodeDiskPressure, "short of disk space"},
	{corev1.TaintNodePIDPressure, "short of process IDs"},
	{taintUninitialized, "not initialized by its cloud provider yet"},
	{taintShutdown, "shut down"},
}

// What cloud-controller-manager sets.
const taintUninitialized, taintShutdown = "node.cloudprovider.kubernetes.io/uninitialized", "node.cloudprovider.kubernetes.io/shutdown"

// taintsLack says what a node is, or that it has taints which the pod does not tolerate.
func taintsLack(list []corev1.Taint) string {
	if len(list) > 1 { // That is said for itself.
		list = slices.DeleteFunc(slices.Clone(list), func(t corev1.Taint) bool { return t.Key == corev1.TaintNodeUnschedulable })
	}
	names := make([]string, len(list))
	for i := range list {
		names[i] = list[i].ToString()
	}
	taints := "taint " + text.And(names) + notTolerated
	if len(names) > 1 {
		taints = "taints " + text.And(names) + notAllTolerated
	}
	if len(list) == 1 && list[0].Key == corev1.TaintNodeUnschedulable {
		return cordoned
	}
	for _, t := range taintStates {
		if slices.ContainsFunc(list, func(taint corev1.Taint) bool { return taint.Key == t.key }) {
			return t.state + " (" + byKey(list) + ")"
		}
	}
	return taints
}

// byKey names taints of Kubernetes' own, which it sets with several effects at once.
func byKey(list []corev1.Taint) string {
	var keys []string
	for i := range list {
		if !slices.Contains(keys, list[i].Key) {
			keys = append(keys, list[i].Key)
		}
	}
	if len(keys) == 1 {
		return "taint " + keys[0] + notTolerated
	}
	return "taints " + text.And(keys) + notAllTolerated
}

// isState reports whether what a node lacks is what it is.
func isState(what string) bool {
	return slices.ContainsFunc(taintStates, func(t struct{ key, state string }) bool { return strings.HasPrefix(what, t.state+" (") })
}
