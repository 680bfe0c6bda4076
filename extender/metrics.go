// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/moorage-k8s/moorage/topology/placement"
)

// metrics are the extender's, on the registry that it was made with. No label names a pod, a node or a claim.
type metrics struct {
	requests   *prometheus.CounterVec
	duration   *prometheus.HistogramVec
	nodes      *prometheus.CounterVec
	rejections *prometheus.CounterVec
	undecided  *prometheus.CounterVec
	panics     prometheus.Counter
	waits      *prometheus.HistogramVec
	placements *prometheus.HistogramVec
	looks      *prometheus.CounterVec
	skipped    *prometheus.CounterVec
}

func newMetrics(registry prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moorage_extender_requests_total",
			Help: "Requests of kube-scheduler, by verb and HTTP status.",
		}, []string{"verb", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "moorage_extender_request_duration_seconds",
			Help: "Time from the first byte of a request to the last byte of its answer, by verb.",
			// To 105 s, beyond half of any timeout that the chart's alert knows.
			Buckets: prometheus.ExponentialBuckets(0.0001, 2, 21),
		}, []string{"verb"}),
		nodes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moorage_extender_nodes_total",
			Help: "Nodes judged by filter: passed, rejected, or passed because the cache does not know them.",
		}, []string{"verdict"}),
		rejections: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moorage_extender_rejections_total",
			Help: "Nodes rejected by filter, by the predicate that was first to reject them and its reason.",
		}, []string{"predicate", "reason"}),
		undecided: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moorage_extender_undecided_total",
			Help: "Volumes of which filter decided nothing and so passed every node, by cause.",
		}, []string{"cause"}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "moorage_extender_panics_total",
			Help: "Requests that hit a fault in moorage and were answered as if it had no opinion.",
		}),
	}
	m.waits = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "moorage_extender_claim_wait_seconds",
		Help:    "Time that filter waited for a claim or volume that the cache had not seen yet, by how the wait ended.",
		Buckets: []float64{0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25},
	}, []string{"result"})
	m.placements = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "moorage_extender_placement_wait_seconds",
		Help: "Time that filter waited to see where pods that it had just let through were placed, as the room that they take decides " +
			"whether the next one fits, by how the wait ended: seen, timed-out (the pod passes) or given-up by the scheduler.",
		Buckets: []float64{0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5},
	}, []string{"result"})
	m.looks = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "moorage_extender_second_looks_total",
		Help: "Pods that fitted nowhere and were looked at again before kube-scheduler got its answer, by outcome: fits after all, refused, " +
			"given-up by the scheduler, or skipped because looking again took too much of the time.",
	}, []string{"outcome"})
	m.skipped = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "moorage_extender_waits_skipped_total",
		Help: "Waits of filter that were skipped because waiting had taken its share of kube-scheduler's time, by what would have been waited " +
			"for: claim or placement (the pod passes as after a wait in vain), or second-look (the pod is refused at once).",
	}, []string{"wait"})
	registry.MustRegister(m.skipped, m.requests, m.duration, m.nodes, m.rejections, m.undecided, m.panics, m.waits, m.placements, m.looks)
	return m
}

func (m *metrics) rejected(e *placement.Elimination, nodes int) {
	m.rejections.WithLabelValues(e.Predicate, e.Reason.String()).Add(float64(nodes))
}
