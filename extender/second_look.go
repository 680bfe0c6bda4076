// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"context"
	"time"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// lookAgain judges a pod that fits nowhere again whenever the cluster changes within a short time, until it fits.
//
// A rejected pod is woken by the event of an object, and kube-scheduler asks within a millisecond: it may have heard of the
// event before our own watch has. A rejection then would be the last word on the pod until something else happens, up to five
// minutes later (kube-scheduler's podMaxInUnschedulablePodsDuration). Where some node is left, an old view costs
// at most a better node.
func (e *Extender) lookAgain(ctx context.Context, r *request, j judgement) judgement {
	patience := e.options.SecondLook
	if patience <= 0 || len(r.nodes) == 0 {
		return j
	}
	ended := waitSkipped
	if e.looks.take(patience, patience) > 0 {
		start := time.Now()
		ended = e.await(ctx, r, "second-look", patience, patience, j.snapshot, func(s *topology.Snapshot) bool {
			newer, depends := e.judgeBeside(r, s, placement.NewDemand(s, r.pod))
			if !depends {
				j = newer
			}
			return !j.nowhere()
		})
		e.looks.giveBack(patience - time.Since(start))
	} else {
		e.metrics.skipped.WithLabelValues("second-look").Inc()
	}
	e.metrics.looks.WithLabelValues(map[string]string{
		waitSeen: "fits", waitTimeout: "refused", waitGivenUp: waitGivenUp, waitSkipped: waitSkipped,
	}[ended]).Inc()
	return j
}
