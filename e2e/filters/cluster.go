// SPDX-License-Identifier: Apache-2.0

package filters

import (
	corev1 "k8s.io/api/core/v1"
)

// Cluster is what the filters look at. Objects must not be changed once they are in one.
type Cluster struct {
	Nodes      []*corev1.Node
	Namespaces []*corev1.Namespace
	// Pods are those that exist beside the pods to be judged.
	Pods []*corev1.Pod
}

// Round is a random cluster and the pods to be judged on it. They are not in the cluster: to place one says nothing of the others.
type Round struct {
	Cluster *Cluster
	Pods    []*corev1.Pod
}
