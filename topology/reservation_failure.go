// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology/nodeset"
)

// ProvisioningFailure is a claim that lost its selected node again without a volume: the driver could not make it there, a
// zone out of capacity, say. kube-scheduler forgets it at once and may choose the same place again. Immutable.
type ProvisioningFailure struct {
	// Segment are the nodes that share the place: those with the node's values of the driver's topology keys, or the node
	// alone where nothing is known of the driver's topology.
	Segment *Selector
	// At is when the cache saw it.
	At time.Time

	namespace string
}

const (
	// maxFailures bounds what is remembered for a class; the oldest of the namespace with most go first.
	maxFailures = 64
	// maxFailuresOfClaim bounds the places that are remembered with one claim.
	maxFailuresOfClaim = 16
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

// provisioningFailed ends a reservation whose node was taken away again, if there is one, and remembers it: once for each claim
// and place, as anybody who may write the claim can take the node away.
func (s *state) provisioningFailed(f *flight, was *Reservation) *flight {
	if was == nil {
		return f
	}
	s.release(was, endedFailed)
	if f == nil || was.Provisioned {
		return f
	}
	ended := *f
	ended.spent += max(s.now().Sub(was.since), 0)
	if segment := s.segmentOf(was); segment != nil && len(f.failed) < maxFailuresOfClaim && !slices.Contains(f.failed, segment) {
		ended.failed = append(slices.Clone(f.failed), segment)
		s.rememberFailure(was, segment)
	}
	s.flights = s.flights.Set(was.Claim, &ended)
	return &ended
}

// rememberFailure notes that provisioning failed at the place.
func (s *state) rememberFailure(r *Reservation, segment *Selector) {
	now := s.now()
	kept, _ := s.failures.Get(Key{Name: r.Class})
	recent := slices.DeleteFunc(slices.Clone(kept), func(f ProvisioningFailure) bool { return now.Sub(f.At) > failureMemory })
	if len(recent) >= maxFailures {
		recent = withoutOneOfMany(recent)
	}
	s.failures = s.failures.Set(Key{Name: r.Class}, append(recent, ProvisioningFailure{segment, now, r.Claim.Namespace}))
}

// withoutOneOfMany drops the oldest failure of the namespace that has most, so that no namespace pushes out the others'.
func withoutOneOfMany(failures []ProvisioningFailure) []ProvisioningFailure {
	counts := map[string]int{}
	for i := range failures {
		counts[failures[i].namespace]++
	}
	oldest := 0
	for i := range failures {
		if counts[failures[i].namespace] > counts[failures[oldest].namespace] {
			oldest = i
		}
	}
	return slices.Delete(failures, oldest, oldest+1)
}

// segmentOf returns the part of the cluster that the reservation's node stands for, or nil where it is all of it. The node
// may be gone by now, but was there when it was selected.
func (s *state) segmentOf(r *Reservation) *Selector {
	node := s.records[r.Node].joined()
	class, _ := s.classes.Get(Key{Name: r.Class})
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
	return s.selectors.Intern(nodeset.PoolTopology(&metav1.LabelSelector{MatchLabels: labels}))
}
