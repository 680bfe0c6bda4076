// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"iter"
	"sync"
	"sync/atomic"
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
	// lookRest keeps looks from taking more than a twentieth of a core, however often metrics are gathered: what took half a second is
	// kept for ten. Small clusters are looked at for each scrape.
	lookRest     = 20
	lookRestMost = time.Minute
	// several is the cause where no single predicate rules out all nodes.
	several = "several"
)

var strandedMetric = prometheus.NewDesc("moorage_stranded_claims",
	"Claims of pods that have waited for a node for five minutes while their volumes fit none, by the predicate that rules out all nodes "+
		"(several where none does alone), or by what kube-scheduler holds the pod back for.",
	[]string{"cause"}, nil)

// stranded counts the claims of pods that fit nowhere, when metrics are gathered: it costs nothing where nobody gathers them.
// Safe for concurrent use.
type stranded struct {
	options Options
	fault   func(pod *topology.Pod, fault any)

	// told is what the last look found; nil before the first, when no pod has waited for long enough anyway.
	told atomic.Pointer[map[string]int]

	// mu is held while a look is under way. Nobody waits for it: those that come meanwhile get what the last look found.
	mu sync.Mutex
	// rested is when the next look may begin.
	rested time.Time
	// since is when each pod was first found to fit nowhere, of those that were so at every look after.
	since map[topology.Key]time.Time
}

// Describe makes stranded a prometheus.Collector.
func (c *stranded) Describe(to chan<- *prometheus.Desc) { to <- strandedMetric }

// Collect makes stranded a prometheus.Collector. Every cause is collected, also where it strands none.
func (c *stranded) Collect(to chan<- prometheus.Metric) {
	for cause, claims := range c.latest() {
		to <- prometheus.MustNewConstMetric(strandedMetric, prometheus.GaugeValue, float64(claims), cause)
	}
}

// latest returns how many claims are stranded by cause, from a look that is no older than lookRest allows.
func (c *stranded) latest() map[string]int {
	if c.mu.TryLock() {
		defer c.mu.Unlock()
		if start := time.Now(); !start.Before(c.rested) {
			found := c.look(start)
			c.told.Store(&found)
			end := time.Now()
			c.rested = end.Add(min(lookRest*end.Sub(start), lookRestMost))
		}
	}
	if told := c.told.Load(); told != nil {
		return *told
	}
	none := map[string]int{several: 0}
	for _, cause := range placement.NowhereCauses() {
		none[cause] = 0
	}
	return none
}

// look returns how many claims are stranded by cause. The caller holds mu.
func (c *stranded) look(now time.Time) map[string]int {
	claims := map[string]map[topology.Key]bool{several: {}}
	for _, cause := range placement.NowhereCauses() {
		claims[cause] = map[topology.Key]bool{}
	}
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
