// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// questionOf is what is asked about anything.
func (c *cluster) questionOf(engine *placement.Engine) explain.Question {
	q := explain.Question{
		Snapshot: c.snapshot, Engine: engine, Claims: c.whole.claims, Schedulers: c.whole.schedulers(),
		Pods: func(key topology.Key) *corev1.Pod { return c.whole.pods[key] }, Unlisted: c.unlisted,
		Objects: c.objects, Now: c.moment,
	}
	q.Others, q.Unseen = c.others()
	return q
}

// question is what is asked about a pod. Of one that is not in the cluster yet no scheduler can have been seen.
func (c *cluster) question(ctx context.Context, engine *placement.Engine, pod *corev1.Pod) explain.Question {
	q := c.questionOf(engine)
	q.Events, q.Unread = c.eventsOf(ctx, explain.AboutPod(c.snapshot, pod)...)
	q.Pod, q.Said, q.Whole = topology.PodFromAPI(pod), explain.SaidOf(pod), pod
	q.Group = c.whole.groupOf(pod)
	if q.Said != "" {
		q.SaidAt = saidAt(pod, q.Events)
		if !c.captured { // A capture does not keep all times.
			q.Changed = c.whole.changed()
		}
	}
	q.ClaimsUnseen = slices.Contains(c.unlisted, topology.KindClaim) && c.claimsOf != pod.Namespace
	if c.files && pod.DeletionTimestamp != nil {
		q.Seen = c.whole.latest()
	}
	if c.whole.pods[topology.Key{Namespace: pod.Namespace, Name: pod.Name}] == nil {
		q.Schedulers = nil
	}
	return q
}
