// SPDX-License-Identifier: Apache-2.0

package event

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Object is what an event is about. Without a UID any object of the name is meant.
type Object struct {
	Kind      string    `json:"kind"`
	Namespace string    `json:"namespace,omitempty"`
	Name      string    `json:"name"`
	UID       types.UID `json:"-"`
}

// Event is what happened to an object, once or many times.
type Event struct {
	Object Object `json:"object"`
	Reason string `json:"reason"`
	// Message is what was said last, in full.
	Message string `json:"message"`
	// By is who said it, such as kubelet.
	By    string    `json:"by,omitempty"`
	Count int       `json:"count"`
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
}

// sidecar matches the name of a CSI sidecar, DRIVER_HOST_UUID, which each replica has differently.
var sidecar = regexp.MustCompile(`^([^_]+)_.+_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// Speaker is who said it: of a CSI sidecar its driver, without the pod.
func (e *Event) Speaker() string {
	if m := sidecar.FindStringSubmatch(e.By); m != nil {
		return m[1]
	}
	return e.By
}

// maxMessage bounds what is kept of a text. An API server takes 1,024 bytes; files may hold anything.
const maxMessage = 4 << 10

// similar is what the recorder puts before the text of events that it counts together (k8s.io/client-go/tools/record/events_cache.go).
const similar = "(combined from similar events): "

// FromAPI reads an event. Those of events.k8s.io are the same objects, which an API server hands out in either form.
func FromAPI(e *corev1.Event) Event {
	out := Event{
		Object: Object{Kind: e.InvolvedObject.Kind, Namespace: e.InvolvedObject.Namespace, Name: e.InvolvedObject.Name, UID: e.InvolvedObject.UID},
		Reason: e.Reason, By: cmp.Or(e.Source.Component, e.ReportingController), Count: max(1, int(e.Count)),
		First: e.FirstTimestamp.Time, Last: e.LastTimestamp.Time,
	}
	out.Message = strings.TrimPrefix(e.Message[:min(len(e.Message), maxMessage)], similar)
	if e.Series != nil {
		out.Count = max(out.Count, int(e.Series.Count))
		out.Last = later(out.Last, e.Series.LastObservedTime.Time)
	}
	if out.First.IsZero() {
		if out.First = e.EventTime.Time; out.First.IsZero() {
			out.First = e.CreationTimestamp.Time
		}
	}
	out.Last = later(out.Last, out.First)
	return out
}

// Log are events of any objects.
type Log []Event

// LogOf reads the Warning events among these.
func LogOf(events []*corev1.Event) Log {
	var out Log
	for _, e := range events {
		if e.Type == corev1.EventTypeWarning {
			out = append(out, FromAPI(e))
		}
	}
	return out
}

// LogOfReasons reads the events with one of the reasons among these, Warning events or not.
func LogOfReasons(events []*corev1.Event, reasons []string) Log {
	var out Log
	for _, e := range events {
		if slices.Contains(reasons, e.Reason) {
			out = append(out, FromAPI(e))
		}
	}
	return out
}

// Of returns the events of the objects, the newest first. What says the same of an object is one event. An event of an earlier object of
// the same name, such as the last pod of a StatefulSet, is none of the object's.
func (l Log) Of(objects ...Object) []Event {
	type key struct {
		kind, namespace, name, reason, by, text string
	}
	at := map[key]int{}
	var out []Event
	for i := range l {
		e := &l[i]
		if !slices.ContainsFunc(objects, e.Object.is) {
			continue
		}
		k := key{e.Object.Kind, e.Object.Namespace, e.Object.Name, e.Reason, e.By, e.Message}
		j, known := at[k]
		if !known {
			at[k] = len(out)
			out = append(out, *e)
			continue
		}
		same := &out[j]
		same.Count += e.Count
		if e.First.Before(same.First) || same.First.IsZero() {
			same.First = e.First
		}
		same.Last = later(same.Last, e.Last)
	}
	slices.SortStableFunc(out, func(a, b Event) int {
		return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.Object.Kind, b.Object.Kind), cmp.Compare(a.Object.Name, b.Object.Name),
			cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Message, b.Message))
	})
	return out
}

// Newest brings events together, the newest first.
func Newest(events ...[]Event) []Event {
	out := slices.Concat(events...)
	slices.SortStableFunc(out, func(a, b Event) int { return b.Last.Compare(a.Last) })
	return out
}

// is reports whether an event of o is one of the other object.
func (o Object) is(other Object) bool {
	return o.Kind == other.Kind && o.Namespace == other.Namespace && o.Name == other.Name && (o.UID == "" || other.UID == "" || o.UID == other.UID)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
