// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	kruntime "k8s.io/apimachinery/pkg/runtime"
)

// eventOf reads an event in either of its forms as one of v1, without what nobody asks of it; nil for another object.
func eventOf(value kruntime.Object) *corev1.Event {
	switch e := value.(type) {
	case *corev1.Event:
		e.ManagedFields = nil
		return e
	case *eventsv1.Event:
		out := &corev1.Event{
			ObjectMeta: e.ObjectMeta, InvolvedObject: e.Regarding, Reason: e.Reason, Message: e.Note, Type: e.Type, EventTime: e.EventTime,
			Source: e.DeprecatedSource, FirstTimestamp: e.DeprecatedFirstTimestamp, LastTimestamp: e.DeprecatedLastTimestamp,
			Count: e.DeprecatedCount, ReportingController: e.ReportingController, ReportingInstance: e.ReportingInstance,
		}
		out.ManagedFields = nil
		if e.Series != nil {
			out.Series = &corev1.EventSeries{Count: e.Series.Count, LastObservedTime: e.Series.LastObservedTime}
		}
		return out
	default:
		return nil
	}
}
