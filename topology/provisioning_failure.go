// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ProvisioningFailure is a claim that lost its selected node again without a volume: the driver could not make it there, a
// zone out of capacity, say. kube-scheduler forgets it at once and may choose the same place again. Immutable.
type ProvisioningFailure struct {
	// Segment are the nodes that share the place: those with the node's values of the driver's topology keys, or the node
	// alone where nothing is known of the driver's topology.
	Segment *Selector
	// At is when the cache saw it.
	At time.Time
}

const (
	// maxFailures bounds what is remembered for a class; the oldest go first.
	maxFailures = 64
	// failureMemory is how long a failure is kept at most. Readers weigh it by its age.
	failureMemory = time.Hour
)

// ProvisioningFailures returns the failures of the last hour for a class, oldest first. It must not be changed.
func (s *Snapshot) ProvisioningFailures(class string) []ProvisioningFailure {
	failures, _ := s.failures.Get(Key{Name: class})
	return failures
}

// Time is when the snapshot was made: what ages are measured against, so that a snapshot always gives the same answers.
func (s *Snapshot) Time() time.Time { return s.at }

// rememberFailure notes that provisioning failed where the reservation was. A driver without topology has no place to avoid.
func (c *Cache) rememberFailure(r *Reservation) {
	segment := c.segmentOf(r)
	if segment == nil {
		return
	}
	now := c.options.Now()
	kept, _ := c.next.failures.Get(Key{Name: r.Class})
	recent := slices.DeleteFunc(slices.Clone(kept), func(f ProvisioningFailure) bool { return now.Sub(f.At) > failureMemory })
	if len(recent) == maxFailures {
		recent = recent[1:]
	}
	c.next.failures = c.next.failures.Set(Key{Name: r.Class}, append(recent, ProvisioningFailure{segment, now}))
}

// segmentOf returns the part of the cluster that the reservation's node stands for, or nil where it is all of it. The node
// may be gone by now, but was there when it was selected.
func (c *Cache) segmentOf(r *Reservation) *Selector {
	node := c.records[r.Node].joined()
	class, _ := c.next.classes.Get(Key{Name: r.Class})
	if node == nil || class == nil {
		return nil
	}
	labels := map[string]string{}
	keys := []string{corev1.LabelHostname}
	if driver := node.Driver(class.Driver); driver != nil {
		keys = driver.TopologyKeys
	}
	for _, key := range keys {
		if value, ok := node.Labels[key]; ok {
			labels[key] = value
		}
	}
	if len(labels) == 0 {
		return nil
	}
	return c.selectors.intern(PoolTopology(&metav1.LabelSelector{MatchLabels: labels}))
}
