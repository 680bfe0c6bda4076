// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"iter"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

const (
	// strandedAfter is how long a pod has to fit nowhere at every look before its claims count as stranded: a claim that is about to be
	// bound, or a node that is about to come, is no news.
	strandedAfter = 5 * time.Minute
	// strandedPods bounds the pods that one look asks the engine about, and so what a scrape costs: a fraction of a millisecond for each
	// pod at 5,000 nodes.
	strandedPods = 256
	// several is the cause where no single predicate refuses all nodes.
	several = "several"
)

var strandedMetric = prometheus.NewDesc("moorage_stranded_claims",
	"Claims of pods that have waited for a node for five minutes while their volumes fit none, by the predicate that refuses all nodes "+
		"(several where none does alone), or by what kube-scheduler holds the pod back for.",
	[]string{"cause"}, nil)

// stranded counts the claims of pods that fit nowhere, each time that metrics are gathered: it costs nothing where nobody gathers them.
// Safe for concurrent use.
type stranded struct {
	options Options
	fault   func(pod *topology.Pod, fault any)

	mu sync.Mutex
	// since is when each pod was first found to fit nowhere, of those that were so at every look after.
	since map[topology.Key]time.Time
}

// Describe makes stranded a prometheus.Collector.
func (c *stranded) Describe(to chan<- *prometheus.Desc) { to <- strandedMetric }

// Collect makes stranded a prometheus.Collector. Every cause is told, also where it strands none.
func (c *stranded) Collect(to chan<- prometheus.Metric) {
	for cause, claims := range c.look(time.Now()) {
		to <- prometheus.MustNewConstMetric(strandedMetric, prometheus.GaugeValue, float64(claims), cause)
	}
}

// look returns how many claims are stranded by cause.
func (c *stranded) look(now time.Time) map[string]int {
	claims := map[string]map[topology.Key]bool{several: {}}
	for _, cause := range placement.NowhereCauses() {
		claims[cause] = map[topology.Key]bool{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	since := map[topology.Key]time.Time{}
	for pod, cause := range c.nowhere() {
		first, was := c.since[pod.Key()]
		if !was {
			first = now
		}
		if since[pod.Key()] = first; now.Sub(first) < strandedAfter {
			continue
		}
		for i := range pod.Volumes {
			if name := pod.Volumes[i].Claim; name != "" {
				claims[cause][topology.Key{Namespace: pod.Namespace, Name: name}] = true
			}
		}
	}
	c.since = since
	out := map[string]int{}
	for cause, keys := range claims {
		out[cause] = len(keys)
	}
	return out
}

// nowhere ranges over pods that wait for a node and fit nowhere, with the cause. Those that were found before come first, as it is
// these that may count. There are none until the cluster has been read.
func (c *stranded) nowhere() iter.Seq2[*topology.Pod, string] {
	return func(yield func(*topology.Pod, string) bool) {
		if len(c.options.Missing()) > 0 {
			return
		}
		s, left := c.options.Snapshot(), strandedPods
		for _, before := range []bool{true, false} {
			for pod := range s.Waiting() {
				if _, was := c.since[pod.Key()]; was != before {
					continue
				}
				if left--; left < 0 {
					return
				}
				if cause := c.cause(s, pod); cause != "" && !yield(pod, cause) {
					return
				}
			}
		}
	}
}

// cause is why the pod fits nowhere; empty where it fits some node, as far as its volumes go. A fault in the engine strands nobody.
func (c *stranded) cause(s *topology.Snapshot, pod *topology.Pod) (cause string) {
	defer func() {
		if fault := recover(); fault != nil {
			c.fault(pod, fault)
			cause = ""
		}
	}()
	d := placement.NewDemand(s, pod)
	if held, ok := d.HeldBy(); ok {
		return string(held)
	}
	v := c.options.Engine.Filter(s, d)
	if !v.Feasible.Empty() || s.NumNodes() == 0 {
		return ""
	}
	if predicate := v.RefusesAll(); predicate != "" {
		return predicate
	}
	return several
}
