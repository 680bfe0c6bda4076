// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"time"

	"github.com/moorage-k8s/moorage/extender/heldback"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// noteHeldBack notes whether the pod is held back by moorage alone: kube-scheduler's plugins passed the nodes of the request, and all of them are refused
// by predicates that only moorage has.
func (e *Extender) noteHeldBack(r *request, j *judgement) {
	log := e.options.HeldBack
	if log == nil || len(r.nodes) == 0 {
		return
	}
	alone := j.nowhere()
	var reasons []heldback.Reason
	for k, n := range j.rejected {
		if n > 0 {
			by := &j.verdict.Eliminations[k]
			alone = alone && placement.Configurable(by.Predicate)
			reasons = append(reasons, heldback.Reason{Predicate: by.Predicate, Text: by.Reason.String(), Nodes: n})
		}
	}
	if !alone {
		log.Forget(string(r.pod.UID))
		return
	}
	names := make([]string, 0, heldback.MostNodes)
	for i := range r.nodes[:min(len(r.nodes), heldback.MostNodes)] {
		names = append(names, string(r.nodes[i].name()))
	}
	log.Refused(heldback.Pod{
		UID: string(r.pod.UID), Namespace: r.pod.Namespace, Name: r.pod.Name, Last: time.Now(), Nodes: names, Of: len(r.nodes), Reasons: reasons,
	})
}
