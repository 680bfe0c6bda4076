// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	objectsMetric = prometheus.NewDesc("moorage_cache_objects",
		"Objects in the cache, by kind. Pods are held only if they have claims or disks.", []string{"kind"}, nil)
	ageMetric = prometheus.NewDesc("moorage_cache_age_seconds",
		"Time since the API server was last heard of about a kind: an event, a list, or a watch's bookmark.", []string{"kind"}, nil)
	syncedMetric = prometheus.NewDesc("moorage_cache_synced",
		"1 once a kind has been read in full, 0 before.", []string{"kind"}, nil)
	faultsMetric = prometheus.NewDesc("moorage_cache_faults_total",
		"Objects that a fault in moorage kept out of the cache, by kind. Moorage decides as if they did not exist; the log names them.",
		[]string{"kind"}, nil)
	reservationsMetric = prometheus.NewDesc("moorage_reservations",
		"Claims with room reserved, by state: in-flight until the claim has its volume, provisioned until the pool's capacity shows it, "+
			"uncertain where it is not known whether the capacity shows it, as after a start; no node is refused for those.",
		[]string{"state"}, nil)
	reservedMetric = prometheus.NewDesc("moorage_reserved_bytes",
		"Room surely reserved in the pools of a class; unknown stands for all classes that do not exist.", []string{"storage_class"}, nil)
	endedMetric = prometheus.NewDesc("moorage_reservations_ended_total",
		"Reservations that ended, by cause: the capacity was published after the claim was bound (published) or fell by the claim's "+
			"size before (accounted), provisioning failed, the claim was deleted, or none was seen in time (timed-out), "+
			"no volume was made in time (not-made), or the node reaches no published pool (no-pool).",
		[]string{"cause"}, nil)
)

// Describe makes the Cache a prometheus.Collector.
func (c *Cache) Describe(to chan<- *prometheus.Desc) {
	to <- objectsMetric
	to <- ageMetric
	to <- syncedMetric
	to <- faultsMetric
	to <- reservationsMetric
	to <- reservedMetric
	to <- endedMetric
}

// Collect makes the Cache a prometheus.Collector. Ages are left out for kinds that nothing was heard of yet.
func (c *Cache) Collect(to chan<- prometheus.Metric) {
	s := c.Snapshot()
	missing := c.Missing()
	for i := range rows {
		kind := rows[i].Kind
		to <- prometheus.MustNewConstMetric(objectsMetric, prometheus.GaugeValue, float64(s.Len(kind)), string(kind))
		if age, ok := c.Age(kind); ok {
			to <- prometheus.MustNewConstMetric(ageMetric, prometheus.GaugeValue, age.Seconds(), string(kind))
		}
		if rows[i].Optional {
			continue
		}
		synced := 1.0
		if slices.Contains(missing, kind) {
			synced = 0
		}
		to <- prometheus.MustNewConstMetric(syncedMetric, prometheus.GaugeValue, synced, string(kind))
	}
	for kind, faults := range c.faults {
		to <- prometheus.MustNewConstMetric(faultsMetric, prometheus.CounterValue, float64(faults.Load()), string(kind))
	}
	c.collectReservations(s, to)
}

func (c *Cache) collectReservations(s *Snapshot, to chan<- prometheus.Metric) {
	inFlight, provisioned, uncertain := 0, 0, 0
	reserved := map[string]int64{}
	for class, of := range s.reservations.All() {
		var bytes int64
		for _, r := range of.All() {
			switch {
			case r.Uncertain:
				uncertain++
				continue
			case r.Provisioned:
				provisioned++
			default:
				inFlight++
			}
			bytes = AddBytes(bytes, r.Bytes)
		}
		label := s.classLabel(class.Name)
		reserved[label] = AddBytes(reserved[label], bytes)
	}
	for label, bytes := range reserved {
		to <- prometheus.MustNewConstMetric(reservedMetric, prometheus.GaugeValue, float64(bytes), label)
	}
	to <- prometheus.MustNewConstMetric(reservationsMetric, prometheus.GaugeValue, float64(inFlight), "in-flight")
	to <- prometheus.MustNewConstMetric(reservationsMetric, prometheus.GaugeValue, float64(provisioned), "provisioned")
	to <- prometheus.MustNewConstMetric(reservationsMetric, prometheus.GaugeValue, float64(uncertain), "uncertain")
	for cause, name := range endingNames {
		to <- prometheus.MustNewConstMetric(endedMetric, prometheus.CounterValue, float64(c.state.ledger.ended[cause].Load()), name)
	}
}
