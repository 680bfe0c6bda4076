// SPDX-License-Identifier: Apache-2.0

package nodefit

import (
	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	schedulinghelpers "k8s.io/component-helpers/scheduling/corev1"

	"github.com/moorage-k8s/moorage/internal/upstream"
)

// taintToleration rejects nodes with a taint of effect NoSchedule or NoExecute that the pod does not tolerate.
func taintToleration(q *query) (ruling, error) { return untolerated{q.pod}, nil }

type untolerated struct{ pod *corev1.Pod }

func (u untolerated) causes(at place, report func(Cause)) {
	for t := range at.object.Spec.Taints {
		if taint := &at.object.Spec.Taints[t]; keepsAway(taint) && !tolerates(u.pod, taint) {
			report(Cause{Text: upstream.UntoleratedTaints, Unresolvable: true})
			return
		}
	}
}

func (u untolerated) because(at place, _ Cause) (out Evidence) {
	for t := range at.object.Spec.Taints {
		if taint := &at.object.Spec.Taints[t]; keepsAway(taint) && !tolerates(u.pod, taint) {
			out.Taints = append(out.Taints, *taint)
		}
	}
	return out
}

// keepsAway reports whether a taint rejects pods; PreferNoSchedule does not.
func keepsAway(t *corev1.Taint) bool {
	return t.Effect == corev1.TaintEffectNoSchedule || t.Effect == corev1.TaintEffectNoExecute
}

// tolerates reports whether the pod tolerates the taint. The operators Lt and Gt count: the API server lets them in only where they are
// switched on.
func tolerates(pod *corev1.Pod, taint *corev1.Taint) bool {
	return schedulinghelpers.TolerationsTolerateTaint(logr.Discard(), pod.Spec.Tolerations, taint, true)
}
