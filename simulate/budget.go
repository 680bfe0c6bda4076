// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// budget is a PodDisruptionBudget and how many of its pods may be evicted one after the other. A pod that is evicted and finds a place counts
// again once it runs there, so that the allowance is what counts, and not how many are evicted in all.
type budget struct {
	object   *policyv1.PodDisruptionBudget
	selector labels.Selector
	allowed  int
	// always tells that pods which are not ready may be evicted whatever is allowed.
	always bool
}

// Refusal is why a pod must not be evicted: the budgets that keep it, or that there are two for it, which the API server does not serve.
type Refusal struct {
	Budgets []string
	Two     bool
}

// budgets reads the budgets of the cluster, in the order of their names. What is allowed is what the controller says; where it has not spoken, as in manifests, it is
// counted from the pods.
func (m *simulation) budgets() []*budget {
	var out []*budget
	for _, o := range m.Budgets {
		// No selector means no pod, and an empty one every pod of the namespace (policy/v1).
		selector, err := metav1.LabelSelectorAsSelector(o.Spec.Selector)
		if err != nil || o.Spec.Selector == nil {
			continue
		}
		b := &budget{object: o, selector: selector, allowed: int(o.Status.DisruptionsAllowed)}
		b.always = o.Spec.UnhealthyPodEvictionPolicy != nil && *o.Spec.UnhealthyPodEvictionPolicy == policyv1.AlwaysAllow
		if o.Status.ObservedGeneration == 0 && o.Status.ExpectedPods == 0 {
			b.allowed = m.allowance(b)
		}
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b *budget) int {
		return cmp.Or(cmp.Compare(a.object.Namespace, b.object.Namespace), cmp.Compare(a.object.Name, b.object.Name))
	})
	return out
}

// allowance is how many disruptions a budget allows by the pods that there are (getExpectedPodCount in pkg/controller/disruption): their
// number is taken for that which their owner wants.
func (m *simulation) allowance(b *budget) int {
	expected, healthy := 0, 0
	for _, pod := range m.Pods {
		if !b.covers(pod) || ended(pod) {
			continue
		}
		expected++
		if ready(pod) && pod.Spec.NodeName != "" && pod.DeletionTimestamp == nil {
			healthy++
		}
	}
	desired := 0
	switch {
	case b.object.Spec.MaxUnavailable != nil:
		most, err := intstr.GetScaledValueFromIntOrPercent(b.object.Spec.MaxUnavailable, expected, true)
		if err != nil {
			return 0
		}
		desired = max(expected-most, 0)
	case b.object.Spec.MinAvailable != nil:
		var err error
		if desired, err = intstr.GetScaledValueFromIntOrPercent(b.object.Spec.MinAvailable, expected, true); err != nil {
			return 0
		}
	}
	return max(healthy-desired, 0)
}

func (b *budget) covers(pod *corev1.Pod) bool {
	return b.object.Namespace == pod.Namespace && b.selector.Matches(labels.Set(pod.Labels))
}

// ready reports whether a pod is ready; one that does not say is taken to be.
func ready(pod *corev1.Pod) bool {
	return !slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status != corev1.ConditionTrue
	})
}

// refusal is why the pod must not be evicted; nil where it may be (EvictionREST in pkg/registry/core/pod/storage).
func refusal(budgets []*budget, pod *corev1.Pod) *Refusal {
	var covering, keeping []string
	for _, b := range budgets {
		if !b.covers(pod) {
			continue
		}
		covering = append(covering, b.object.Name)
		if b.allowed < 1 && (!b.always || ready(pod)) {
			keeping = append(keeping, b.object.Name)
		}
	}
	switch {
	case len(covering) > 1:
		return &Refusal{Budgets: covering, Two: true}
	case len(keeping) > 0:
		return &Refusal{Budgets: keeping}
	default:
		return nil
	}
}
