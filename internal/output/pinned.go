// SPDX-License-Identifier: Apache-2.0

package output

import (
	"fmt"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology"
)

// pinned says that nobody chooses a node for claims whose pod has one.
func pinned(pod, node string, claims []string) string {
	return fmt.Sprintf("pod %s has its node %s from spec.nodeName, so kube-scheduler never chose one for %s %s (WaitForFirstConsumer), and nobody will make or bind the volume",
		pod, node, text.Plural(len(claims), "claim"), text.And(claims))
}

func unpin(node, namespace string, claims []string, class *topology.Class) []string {
	out := []string{fmt.Sprintf("recreate the pod with nodeSelector kubernetes.io/hostname: %s in place of nodeName", node)}
	if class == nil || class.Provisions() {
		for _, claim := range claims {
			out = append(out, fmt.Sprintf("or choose the node once by hand: kubectl annotate pvc %s -n %s %s",
				plain.Quote(claim), plain.Quote(namespace), plain.Quote("volume.kubernetes.io/selected-node="+node)))
		}
	}
	return out
}

func pinnedHelp(e *explain.Explanation) []string {
	var class *topology.Class
	for i := range e.Volumes {
		if of := e.Volumes[i].Of; of.ClaimName == e.Pinned[0] {
			class = of.Class
		}
	}
	return unpin(e.Node, e.Pod.Namespace, e.Pinned, class)
}
