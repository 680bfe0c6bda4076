// SPDX-License-Identifier: Apache-2.0

package nodefit

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/internal/upstream"
)

// nodeUnschedulable rejects cordoned nodes. A pod that tolerates the taint that goes with it tolerates the cordon too, whether or not the node
// has the taint.
func nodeUnschedulable(q *query) (ruling, error) {
	taint := corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule}
	if tolerates(q.pod, &taint) {
		return nil, nil
	}
	return cordon{}, nil
}

type cordon struct{}

func (cordon) causes(at place, report func(Cause)) {
	if at.object.Spec.Unschedulable {
		report(Cause{Text: upstream.Unschedulable, Unresolvable: true})
	}
}

func (cordon) because(place, Cause) Evidence { return Evidence{Unschedulable: true} }
