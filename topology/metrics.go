// SPDX-License-Identifier: Apache-2.0

package topology

import "github.com/prometheus/client_golang/prometheus"

var (
	objectsMetric = prometheus.NewDesc("moorage_cache_objects",
		"Objects in the cache, by kind. Pods are held only if they have claims or disks.", []string{"kind"}, nil)
	ageMetric = prometheus.NewDesc("moorage_cache_age_seconds",
		"Time since the API server was last heard of about a kind: an event, a list, or a watch's bookmark.", []string{"kind"}, nil)
	syncedMetric = prometheus.NewDesc("moorage_cache_synced",
		"1 once a kind has been read in full, 0 before.", []string{"kind"}, nil)
)

// Describe makes the Cache a prometheus.Collector.
func (c *Cache) Describe(to chan<- *prometheus.Desc) {
	to <- objectsMetric
	to <- ageMetric
	to <- syncedMetric
}

// Collect makes the Cache a prometheus.Collector. Ages are left out for kinds that nothing was heard of yet.
func (c *Cache) Collect(to chan<- prometheus.Metric) {
	s := c.Snapshot()
	missing := map[Kind]bool{}
	for _, kind := range c.Missing() {
		missing[kind] = true
	}
	for _, kind := range Kinds {
		to <- prometheus.MustNewConstMetric(objectsMetric, prometheus.GaugeValue, float64(s.Len(kind)), string(kind))
		if age, ok := c.Age(kind); ok {
			to <- prometheus.MustNewConstMetric(ageMetric, prometheus.GaugeValue, age.Seconds(), string(kind))
		}
		synced := 1.0
		if missing[kind] {
			synced = 0
		}
		to <- prometheus.MustNewConstMetric(syncedMetric, prometheus.GaugeValue, synced, string(kind))
	}
}
