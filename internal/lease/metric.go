// SPDX-License-Identifier: Apache-2.0

package lease

import "github.com/prometheus/client_golang/prometheus"

var freshMetric = prometheus.NewDesc("moorage_scheduler_lease_fresh",
	"1 while the scheduler that pods are sent to renews its lease, 0 while it does not and pods stay with the default scheduler.", nil, nil)

// Describe makes the Watch a prometheus.Collector.
func (w *Watch) Describe(to chan<- *prometheus.Desc) { to <- freshMetric }

// Collect makes the Watch a prometheus.Collector.
func (w *Watch) Collect(to chan<- prometheus.Metric) {
	fresh := 0.0
	if w.Fresh() {
		fresh = 1
	}
	to <- prometheus.MustNewConstMetric(freshMetric, prometheus.GaugeValue, fresh)
}
