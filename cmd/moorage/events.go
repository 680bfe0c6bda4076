// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes"

	"github.com/moorage-k8s/moorage/explain/event"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/live"
)

// warnings returns Warning events that there are of objects, as far as they can be read.
type warnings func(ctx context.Context, objects []event.Object) (event.Log, error)

// errNoEvents is what files say of events where they hold none.
var errNoEvents = errors.New("the files hold none")

// liveWarnings reads the events of the objects, and of many objects all of their namespaces, with the rights of the one who asks.
func liveWarnings(client kubernetes.Interface) warnings {
	return func(ctx context.Context, objects []event.Object) (event.Log, error) {
		references := make([]live.Reference, len(objects))
		for i, o := range objects {
			references[i] = live.Reference{Kind: o.Kind, Namespace: o.Namespace, Name: o.Name}
		}
		found, err := live.EventsOf(ctx, client, references)
		return event.LogOf(found), err
	}
}

// warningsOf are those of files.
func warningsOf(events map[topology.Key]*corev1.Event) warnings {
	log := sync.OnceValue(func() event.Log {
		all := make([]*corev1.Event, 0, len(events))
		for _, e := range events {
			all = append(all, e)
		}
		return event.LogOf(all)
	})
	return func(context.Context, []event.Object) (event.Log, error) {
		if len(events) == 0 {
			return nil, errNoEvents
		}
		return log(), nil
	}
}

// eventsOf are the Warning events of the objects, the newest first, and why some may be missing.
func (c *cluster) eventsOf(ctx context.Context, objects ...event.Object) (found []event.Event, unread string) {
	log, err := c.warnings(ctx, objects)
	switch {
	case apierrors.IsForbidden(err):
		unread = "they may not be listed with your rights"
	case err != nil:
		unread = plain.Line(err.Error())
	}
	return log.Of(objects...), unread
}

// gatherEvents reads the events of many pods at once, for questions about each.
func (c *cluster) gatherEvents(ctx context.Context, pods []*corev1.Pod) {
	var objects []event.Object
	for _, pod := range pods {
		objects = append(objects, c.aboutPod(pod)...)
	}
	log, err := c.warnings(ctx, objects)
	c.warnings = func(context.Context, []event.Object) (event.Log, error) { return log, err }
}

// aboutPod are the objects whose events tell of a pod: itself, its claims and their volumes.
func (c *cluster) aboutPod(pod *corev1.Pod) []event.Object {
	out := []event.Object{{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID}}
	volumes := topology.PodFromAPI(pod).Volumes
	for i := range volumes {
		claim := c.snapshot.Claim(pod.Namespace, volumes[i].Claim)
		if claim == nil {
			continue
		}
		out = append(out, c.aboutClaim(claim)...)
	}
	return out
}

// aboutClaim are the objects whose events tell of a claim: itself and its volume.
func (c *cluster) aboutClaim(claim *topology.Claim) []event.Object {
	out := []event.Object{{Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID}}
	if claim.VolumeName != "" {
		out = append(out, event.Object{Kind: "PersistentVolume", Name: claim.VolumeName})
	}
	return out
}
