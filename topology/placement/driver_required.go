// SPDX-License-Identifier: Apache-2.0

package placement

// driverRequired rules out the nodes without a CSI driver that a volume needs, for drivers whose CSIDriver asks for that
// (preventPodSchedulingIfMissing): kube-scheduler's nodevolumelimits since v1.37. Without it the pod waits on a node that
// cannot mount its volume.
func driverRequired(q *query) {
	for _, a := range q.attachments() {
		driver := q.s.Driver(a.driver)
		if driver == nil || !driver.Required {
			continue
		}
		refused := q.s.RegisteredOn(a.driver).Clone()
		refused.Not()
		if a.migrated {
			refused.And(q.s.WithCSINode())
		}
		q.refuseFor(a.driver, ReasonDriverRequired, refused)
	}
}

func driverRequiredBecause(_ *query, e *Elimination, _ int) Evidence {
	return Evidence{Driver: e.Subject}
}
