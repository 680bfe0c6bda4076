// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"context"
	"slices"
	"time"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// worthClaimWait is the least time that a wait for a claim is worth.
const worthClaimWait = 2 * time.Millisecond

// demand follows the pod's volumes through the newest snapshot. kube-scheduler's own plugins have found the pod's claims and
// volumes already, so one that the cache does not know is on its way: wait a moment for it. What does not come in time
// stays undecided, and so passes.
func (e *Extender) demand(ctx context.Context, r *request) (*topology.Snapshot, *placement.Demand) {
	s := e.options.Snapshot()
	d := placement.NewDemand(s, r.pod)
	if e.options.ClaimWait == 0 || !awaited(d) {
		return s, d
	}
	start := time.Now()
	ended := e.await(ctx, r, "claim", e.options.ClaimWait, worthClaimWait, s, func(newer *topology.Snapshot) bool {
		s, d = newer, placement.NewDemand(newer, r.pod)
		return !awaited(d)
	})
	if ended != waitSkipped {
		e.metrics.waits.WithLabelValues(ended).Observe(time.Since(start).Seconds())
	}
	return s, d
}

// awaited reports whether something that the pod needs is not in the cache yet.
func awaited(d *placement.Demand) bool {
	return slices.ContainsFunc(d.Undecided, func(u placement.Undecided) bool {
		return u.Cause == placement.CauseClaimMissing || u.Cause == placement.CauseVolumeMissing
	})
}
