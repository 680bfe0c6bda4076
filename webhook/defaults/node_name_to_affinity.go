// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/webhook/rules"
)

var nodeNameToAffinityDefault = Default{
	Name:    "node-name-to-affinity",
	Summary: "A pod's nodeName becomes a node affinity where a claim waits for the scheduler to see the pod.",
	Kinds:   []rules.Kind{rules.Pod},
	Apply:   nodeNameToAffinity,
}

// nodeNameToAffinity gives a pod that the rule binding-node-name denies to the scheduler, with the demand for the same node:
// in each alternative of its node affinity the node's name, as a field and not as a label, which need not be the name. The
// scheduler then does what nodeName skips: it has the claims provisioned, and it looks at the node's room and taints.
//
// A mirror pod shows what a kubelet runs already and keeps its node. An alternative without any condition matches nothing and
// stays as it is.
func nodeNameToAffinity(in Input, patch *Patch) error {
	pod, ok := in.Object.(*corev1.Pod)
	if !ok {
		return fmt.Errorf("the object is a %T, not a pod", in.Object)
	}
	if _, mirror := pod.Annotations[corev1.MirrorPodAnnotationKey]; mirror || in.Old != nil || !rules.StrandedByNodeName(pod, in.Namespace, in.Lookup) {
		return nil
	}
	demand := map[string]any{
		"key": metav1.ObjectNameField, "operator": string(corev1.NodeSelectorOpIn), "values": []any{pod.Spec.NodeName},
	}
	required := []string{"spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"}
	if terms, given := requiredTerms(pod); given {
		demanded := false
		for i, term := range terms {
			if len(term.MatchExpressions) == 0 && len(term.MatchFields) == 0 {
				continue
			}
			if err := patch.Append(demand, append(required, "nodeSelectorTerms", strconv.Itoa(i), "matchFields")...); err != nil {
				return err
			}
			demanded = true
		}
		if !demanded {
			return nil
		}
	} else if err := patch.Set(map[string]any{"nodeSelectorTerms": []any{map[string]any{"matchFields": []any{demand}}}}, required...); err != nil {
		return err
	}
	return patch.Remove("spec", "nodeName")
}

// requiredTerms are the alternatives of the pod's required node affinity, if it has one.
func requiredTerms(pod *corev1.Pod) (terms []corev1.NodeSelectorTerm, given bool) {
	affinity := pod.Spec.Affinity
	if affinity == nil || affinity.NodeAffinity == nil || affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return nil, false
	}
	return affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms, true
}
