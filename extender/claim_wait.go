// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"context"
	"slices"
	"time"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// claimPoll is how often a claim is looked for while filter waits for it.
const claimPoll = 2 * time.Millisecond

// demand follows the pod's volumes through the newest snapshot. kube-scheduler's own plugins have found the pod's claims and
// volumes already, so one that the cache does not know is on its way: wait a moment for it. What does not come in time
// stays undecided, and so passes.
func (e *Extender) demand(ctx context.Context, r *request) (*topology.Snapshot, *placement.Demand) {
	s := e.options.Snapshot()
	d := placement.NewDemand(s, r.pod)
	if e.options.ClaimWait == 0 || !awaited(d) {
		return s, d
	}
	patience, giveBack := e.waiting.grant(r, e.options.ClaimWait, claimPoll)
	if patience == 0 {
		e.metrics.skipped.WithLabelValues("claim").Inc()
		return s, d
	}
	defer giveBack()
	start := time.Now()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(claimPoll)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s = e.options.Snapshot()
			if d = placement.NewDemand(s, r.pod); !awaited(d) {
				e.metrics.waited("seen", time.Since(start))
				return s, d
			}
		case <-deadline.C:
			e.metrics.waited("timed-out", time.Since(start))
			return s, d
		case <-ctx.Done():
			e.metrics.waited("given-up", time.Since(start))
			return s, d
		}
	}
}

// awaited tells whether something that the pod needs is not in the cache yet.
func awaited(d *placement.Demand) bool {
	return slices.ContainsFunc(d.Undecided, func(u placement.Undecided) bool {
		return u.Cause == placement.CauseClaimMissing || u.Cause == placement.CauseVolumeMissing
	})
}
