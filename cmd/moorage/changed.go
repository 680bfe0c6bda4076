// SPDX-License-Identifier: Apache-2.0

package main

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/explain/event"
)

// lastChange is when last something changed that nodes, and pods on them, tell the time of; zero where they tell none. What is gone tells nothing.
func (w *wholeObjects) lastChange() time.Time {
	var last time.Time
	count := func(t metav1.Time) {
		if t.After(last) {
			last = t.Time
		}
	}
	for _, n := range w.nodes {
		count(n.CreationTimestamp)
		for i := range n.Status.Conditions {
			count(n.Status.Conditions[i].LastTransitionTime)
		}
		for i := range n.Spec.Taints {
			if added := n.Spec.Taints[i].TimeAdded; added != nil {
				count(*added)
			}
		}
	}
	for _, p := range w.pods {
		if p.Spec.NodeName == "" { // It takes nothing from a node.
			continue
		}
		count(p.CreationTimestamp)
		for i := range p.Status.Conditions {
			if c := &p.Status.Conditions[i]; c.Type == corev1.PodScheduled {
				count(c.LastTransitionTime)
			}
		}
		for i := range p.Status.ContainerStatuses {
			if ended := p.Status.ContainerStatuses[i].State.Terminated; ended != nil {
				count(ended.FinishedAt)
			}
		}
	}
	return last
}

// newest is the newest time that files tell; zero where they tell none. When a pod is to have ended is not among them: it may lie ahead.
func (w *wholeObjects) newest() time.Time {
	last := w.lastChange()
	later := func(t time.Time) {
		if t.After(last) {
			last = t
		}
	}
	for _, e := range w.events {
		told := event.FromAPI(e)
		later(told.Last)
	}
	for _, p := range w.pods {
		for i := range p.Status.Conditions {
			later(p.Status.Conditions[i].LastTransitionTime.Time)
		}
	}
	for _, a := range w.attachments {
		later(a.CreationTimestamp.Time)
		for _, said := range []*storagev1.VolumeError{a.Status.AttachError, a.Status.DetachError} {
			if said != nil {
				later(said.Time.Time)
			}
		}
	}
	return last
}

// saidAt is when kube-scheduler said last what it says of a pod: not before the pod's condition began, and as its events tell.
func saidAt(pod *corev1.Pod, events []event.Event) time.Time {
	var at time.Time
	for i := range pod.Status.Conditions {
		c := &pod.Status.Conditions[i]
		if c.Type != corev1.PodScheduled || c.Status != corev1.ConditionFalse {
			continue
		}
		at = c.LastTransitionTime.Time
		for k := range events {
			if e := &events[k]; e.Object.Kind == "Pod" && e.Reason == "FailedScheduling" && e.Message == c.Message && e.Last.After(at) {
				at = e.Last
			}
		}
	}
	return at
}
