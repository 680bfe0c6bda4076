// SPDX-License-Identifier: Apache-2.0

package experiments

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
	"k8s.io/component-helpers/storage/volume"
)

// record is what happens to the pods and claims of a namespace while it is watched.
type record struct {
	mu sync.Mutex // guards the fields below

	placed map[string]time.Time // pods that have a node, since when
	claims map[string]claimState
	chosen map[string]bool // pods of which a claim has been given a node
	// events counts, for each event, how often it has happened: a repeated event is one object.
	events map[string]int32

	firstDecision time.Time // a claim was given a node, or a pod was
	lastChange    time.Time // of placed pods and of claims in flight

	// withdrawn counts how often a claim lost the node that had been chosen for it, without being bound: provisioning failed there.
	withdrawn int
	// failed counts the events ProvisioningFailed.
	failed int
	// failedAgain counts the events FailedScheduling of pods that a node had been chosen for before.
	failedAgain int
}

// claimState is what matters of a claim.
type claimState struct {
	pod, node string // node is the selected one
	bound     bool
}

// watch records what happens in the namespace until ctx ends.
func (l *Lab) watch(ctx context.Context, ns string) (*record, error) {
	r := &record{
		placed: make(map[string]time.Time), claims: make(map[string]claimState), chosen: make(map[string]bool), events: make(map[string]int32),
		lastChange: time.Now(),
	}
	factory := informers.NewSharedInformerFactoryWithOptions(l.Control.Client(), 0, informers.WithNamespace(ns))
	core := factory.Core().V1()
	_, podsErr := core.Pods().Informer().AddEventHandler(onChange(r.pod))
	_, claimsErr := core.PersistentVolumeClaims().Informer().AddEventHandler(onChange(r.claim))
	_, eventsErr := core.Events().Informer().AddEventHandler(onChange(r.event))
	if err := errors.Join(podsErr, claimsErr, eventsErr); err != nil {
		return nil, fmt.Errorf("watch namespace %s: %w", ns, err)
	}
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return nil, fmt.Errorf("watch namespace %s: %v could not be listed", ns, kind)
		}
	}
	return r, nil
}

func onChange[T any](f func(T)) cache.ResourceEventHandler {
	call := func(o any) {
		if object, ok := o.(T); ok {
			f(object)
		}
	}
	return cache.ResourceEventHandlerFuncs{AddFunc: call, UpdateFunc: func(_, o any) { call(o) }}
}

func (r *record) pod(pod *corev1.Pod) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.placed[pod.Name]; known || pod.Spec.NodeName == "" {
		return
	}
	r.placed[pod.Name] = r.changed()
}

func (r *record) claim(c *corev1.PersistentVolumeClaim) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.claims[c.Name]
	now := claimState{
		pod: c.Labels[podLabel], node: c.Annotations[volume.AnnSelectedNode],
		bound: c.Spec.VolumeName != "" && c.Annotations[volume.AnnBindCompleted] != "",
	}
	if now == before {
		return
	}
	r.claims[c.Name] = now
	if now.node == before.node && now.bound == before.bound {
		return
	}
	r.changed()
	if before.node != "" && now.node != before.node && !now.bound {
		r.withdrawn++
	}
	if now.node != "" {
		r.chosen[now.pod] = true
	}
}

// changed notes a decision or its failure, and returns when that was. The caller holds the lock.
func (r *record) changed() time.Time {
	r.lastChange = time.Now()
	if r.firstDecision.IsZero() {
		r.firstDecision = r.lastChange
	}
	return r.lastChange
}

func (r *record) event(e *corev1.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	count := max(1, e.Count)
	if e.Series != nil {
		count = max(count, e.Series.Count)
	}
	more := int(count - r.events[e.Name])
	r.events[e.Name] = count
	switch e.Reason {
	case "ProvisioningFailed":
		r.failed += more
	case "FailedScheduling":
		if r.chosen[e.InvolvedObject.Name] {
			r.failedAgain += more
		}
	}
}

// settled says whether nothing has been on its way for so long. A claim is on its way from the choice of a node until it is bound.
func (r *record) settled(quiet time.Duration) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.claims {
		if c.node != "" && !c.bound {
			return false
		}
	}
	return time.Since(r.lastChange) >= quiet
}

// placements returns when pods were placed, the earliest first.
func (r *record) placements() []time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	var times []time.Time
	for _, t := range r.placed {
		times = append(times, t)
	}
	slices.SortFunc(times, time.Time.Compare)
	return times
}

// stranded counts the pods without a node of which a claim is bound: that volume is made, and of no use.
func (r *record) stranded() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	pods := make(map[string]bool)
	for _, c := range r.claims {
		if _, placed := r.placed[c.pod]; c.bound && !placed {
			pods[c.pod] = true
		}
	}
	return len(pods)
}

// restart forgets when the first decision was made.
func (r *record) restart() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.firstDecision = time.Time{}
}

// began returns when the first decision was made, and zero if there was none yet.
func (r *record) began() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.firstDecision
}
