// SPDX-License-Identifier: Apache-2.0

package nodefit

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/resource"

	"github.com/moorage-k8s/moorage/internal/upstream"
)

// nodeResourcesFit rejects nodes that have too little left of what the pod asks for, or no room for one pod more.
func nodeResourcesFit(q *query) (ruling, error) {
	if q.c.partial {
		silent := 0
		for _, n := range q.c.nodes {
			if n.silent() {
				silent++
			}
		}
		if silent > 0 {
			q.leaveOpen(fmt.Sprintf("%d of %d nodes do not say what they have for pods, so their room is not looked at", silent, len(q.c.nodes)))
		}
	}
	fit := &wantedRoom{partial: q.c.partial, asks: resourcesFrom(resource.PodRequests(q.pod, resource.PodResourcesOptions{}))}
	for _, name := range fit.asks.named() {
		if q.c.config.ignores(name) {
			continue
		}
		fit.names = append(fit.names, wantedResource{name, upstream.Insufficient + string(name), fit.asks.Of(name)})
	}
	return fit, nil
}

// ignores reports whether an extender looks after the resource.
func (c *Config) ignores(name corev1.ResourceName) bool {
	if !extended(name) {
		return false
	}
	group, _, _ := strings.Cut(string(name), "/")
	return slices.Contains(c.IgnoredResources, string(name)) || slices.Contains(c.IgnoredResourceGroups, group)
}

type wantedRoom struct {
	asks    Resources
	names   []wantedResource
	partial bool
}

// silent nodes say nothing about what they have for pods.
func (n *node) silent() bool { return len(n.object.Status.Allocatable) == 0 }

type wantedResource struct {
	name   corev1.ResourceName
	text   string
	amount int64
}

func (w *wantedRoom) causes(at place, report func(Cause)) {
	if w.partial && at.silent() {
		return
	}
	if podsOn(at)+1 > at.allowed {
		report(Cause{Text: upstream.TooManyPods, Resource: corev1.ResourcePods})
	}
	for k := range w.names {
		r := &w.names[k]
		has := at.allocatable.Of(r.name)
		if r.amount > has-takenOf(at, r.name) {
			report(Cause{Text: r.text, Resource: r.name, Unresolvable: r.amount > has})
		}
	}
}

func podsOn(at place) int64 { return int64(len(at.pods) + len(at.expected)) }

func takenOf(at place, name corev1.ResourceName) int64 {
	taken := at.taken.Of(name)
	for _, p := range at.expected {
		taken += p.Requests.Of(name)
	}
	return taken
}

func (w *wantedRoom) because(at place, why Cause) Evidence {
	if why.Resource == corev1.ResourcePods {
		return Evidence{Wanted: 1, Taken: podsOn(at), Allocatable: at.allowed}
	}
	return Evidence{Wanted: w.asks.Of(why.Resource), Taken: takenOf(at, why.Resource), Allocatable: at.allocatable.Of(why.Resource)}
}
