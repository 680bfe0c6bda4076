// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/explain/event"
	"github.com/moorage-k8s/moorage/topology"
)

// Progress are the reasons of events that are no warnings and show that something goes on (pkg/kubelet/events and pkg/controller/volume/events of
// Kubernetes, external-provisioner, external-resizer): what waited before has begun again, or has been in use until then.
var Progress = []string{
	"SuccessfulAttachVolume", "Killing", "Scheduled", "ExternalExpanding", "Resizing", "FileSystemResizeRequired", "FileSystemResizeSuccessful", "VolumeResizeSuccessful",
	"VolumeModify", "VolumeModifySuccessful", "Provisioning", "ExternalProvisioning", "ProvisioningSucceeded", "WaitForFirstConsumer", "WaitForPodScheduled",
	"RemovingNode", "NodeNotReady", "DeletingNode",
}

// telling reports whether an event is one that findings ask about.
func telling(e *corev1.Event) bool {
	return e.Type == corev1.EventTypeWarning || slices.Contains(Progress, e.Reason)
}

// eventKey is what events are looked up by.
type eventKey struct{ kind, namespace, name string }

func keyOfEvent(o event.Object) eventKey { return eventKey{o.Kind, o.Namespace, o.Name} }

// readEvents keeps events by what they are about, and notes what they say of other objects.
func (c *Cluster) readEvents() {
	for _, e := range c.Objects.Events {
		said := event.FromAPI(e)
		key := keyOfEvent(said.Object)
		c.events[key] = append(c.events[key], said)
		if said.Reason == "SuccessfulAttachVolume" {
			if volume := attachedVolume(said.Message); volume != "" {
				c.attachedFor[volume] = append(c.attachedFor[volume], topology.Key{Namespace: said.Object.Namespace, Name: said.Object.Name})
			}
		}
		node := e.Source.Host
		if said.By != "kubelet" {
			node = ""
		}
		if said.Object.Kind == string(topology.KindNode) {
			node = said.Object.Name
		}
		if node != "" {
			c.lastOfNode[node] = newest(c.lastOfNode[node], said.Last)
		}
	}
}

// attachedVolume is the volume of which the attach-detach controller says that it is attached: 'AttachVolume.Attach succeeded for volume "pvc-1"'.
func attachedVolume(message string) string {
	_, rest, _ := strings.Cut(message, ` for volume "`)
	name, _, found := strings.Cut(rest, `"`)
	if !found {
		return ""
	}
	return strings.TrimSpace(name)
}

// Events are the events of objects, warnings and progress, the newest first.
func (c *Cluster) Events(of ...event.Object) []event.Event {
	var log event.Log
	for _, o := range of {
		log = append(log, c.events[keyOfEvent(o)]...)
	}
	return log.Of(of...)
}

// Warnings are the Warning events of objects, the newest first.
func (c *Cluster) Warnings(of ...event.Object) []event.Event {
	return slices.DeleteFunc(c.Events(of...), func(e event.Event) bool { return slices.Contains(Progress, e.Reason) })
}

// last is when an event with one of the reasons was said last of the objects; zero for never.
func last(events []event.Event, reasons ...string) time.Time {
	var out time.Time
	for i := range events {
		if slices.Contains(reasons, events[i].Reason) {
			out = newest(out, events[i].Last)
		}
	}
	return out
}

// firstAfter is when an event with one of the reasons was said first, not counting what was over by a time; zero for never.
func firstAfter(events []event.Event, after time.Time, reasons ...string) time.Time {
	var out time.Time
	for i := range events {
		e := &events[i]
		if !slices.Contains(reasons, e.Reason) || !e.Last.After(after) {
			continue
		}
		first := newest(e.First, after)
		if out.IsZero() || first.Before(out) {
			out = first
		}
	}
	return out
}
