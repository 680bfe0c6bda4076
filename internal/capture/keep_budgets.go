// SPDX-License-Identifier: Apache-2.0

package capture

import policyv1 "k8s.io/api/policy/v1"

// keepBudget keeps which pods a budget is for and how many of them may be away, without the names of those that are.
func keepBudget(b *policyv1.PodDisruptionBudget) *policyv1.PodDisruptionBudget {
	out := &policyv1.PodDisruptionBudget{ObjectMeta: keepMeta(b), Spec: policyv1.PodDisruptionBudgetSpec{
		MinAvailable: b.Spec.MinAvailable, MaxUnavailable: b.Spec.MaxUnavailable, Selector: b.Spec.Selector,
		UnhealthyPodEvictionPolicy: b.Spec.UnhealthyPodEvictionPolicy,
	}}
	s := &b.Status
	out.Status = policyv1.PodDisruptionBudgetStatus{
		ObservedGeneration: s.ObservedGeneration, DisruptionsAllowed: s.DisruptionsAllowed, CurrentHealthy: s.CurrentHealthy,
		DesiredHealthy: s.DesiredHealthy, ExpectedPods: s.ExpectedPods,
	}
	return out
}
