// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/explain/event"
	"github.com/moorage-k8s/moorage/topology"
)

// eventKinds are the kinds of objects whose Warning events are kept.
var eventKinds = []topology.Kind{topology.KindPod, topology.KindClaim, topology.KindVolume, topology.KindAttachment}

// keepEvent keeps what was said of an object, by whom and when, in full; nil for what is no warning about storage. Of a pod that is as well what kube-scheduler
// says.
func keepEvent(e *corev1.Event) *corev1.Event {
	if e.Type != corev1.EventTypeWarning || !slices.Contains(eventKinds, topology.Kind(e.InvolvedObject.Kind)) {
		return nil
	}
	if event.StageOf(e.Reason) == "" && e.Reason != failedScheduling {
		return nil
	}
	about := &e.InvolvedObject
	out := &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Name: e.Name, Namespace: e.Namespace, UID: e.UID, ResourceVersion: e.ResourceVersion, CreationTimestamp: e.CreationTimestamp},
		InvolvedObject: corev1.ObjectReference{Kind: about.Kind, Namespace: about.Namespace, Name: about.Name, UID: about.UID},
		Type:           e.Type, Reason: e.Reason, Message: e.Message, Count: e.Count, FirstTimestamp: e.FirstTimestamp, LastTimestamp: e.LastTimestamp,
		EventTime: e.EventTime, Source: corev1.EventSource{Component: e.Source.Component}, ReportingController: e.ReportingController,
	}
	if e.Series != nil {
		out.Series = &corev1.EventSeries{Count: e.Series.Count, LastObservedTime: e.Series.LastObservedTime}
	}
	return out
}

// failedScheduling is the reason of kube-scheduler's events.
const failedScheduling = "FailedScheduling"

// AboutKept leaves out the events about objects that were not kept themselves.
func AboutKept(objects map[topology.Kind][]metav1.Object) {
	kept := map[topology.Kind]map[topology.Key]bool{}
	for _, kind := range eventKinds {
		kept[kind] = map[topology.Key]bool{}
		for _, o := range objects[kind] {
			kept[kind][topology.Key{Namespace: o.GetNamespace(), Name: o.GetName()}] = true
		}
	}
	objects[topology.KindEvent] = slices.DeleteFunc(objects[topology.KindEvent], func(o metav1.Object) bool {
		e, ok := o.(*corev1.Event)
		return !ok || !kept[topology.Kind(e.InvolvedObject.Kind)][topology.Key{Namespace: e.InvolvedObject.Namespace, Name: e.InvolvedObject.Name}]
	})
}

// event renames what an event is about, and keeps of its text what is known to hold no names.
func (n *renamer) event(e *corev1.Event) {
	about := &e.InvolvedObject
	about.Namespace, about.UID = n.name(about.Namespace), n.uid(about.UID)
	if topology.Kind(about.Kind) == topology.KindPod || topology.Kind(about.Kind) == topology.KindClaim {
		about.Name = n.workload(about.Name)
	} else {
		about.Name = n.name(about.Name)
	}
	e.Message = event.Anonymous(event.StageOf(e.Reason), e.Message, n.name)
	e.Source.Component, e.ReportingController = n.component(e.Source.Component), n.component(e.ReportingController)
}

// components write events, and are the same everywhere.
var components = []string{
	"", "kubelet", "attachdetach-controller", "persistentvolume-controller", "volume_expand", "default-scheduler", "selinux-warning-controller",
}

func (n *renamer) component(name string) string {
	if slices.Contains(components, name) {
		return name
	}
	return n.name(name)
}

// volumeError keeps of what a driver says what is known to hold no names.
func (n *renamer) volumeError(stage event.Stage, e *storagev1.VolumeError) {
	if e != nil {
		e.Message = event.Anonymous(stage, e.Message, n.name)
	}
}
