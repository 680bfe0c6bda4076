// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes"

	"github.com/moorage-k8s/moorage/explain"
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
		objects = append(objects, explain.AboutPod(c.snapshot, pod)...)
	}
	log, err := c.warnings(ctx, objects)
	c.warnings = func(context.Context, []event.Object) (event.Log, error) { return log, err }
}
