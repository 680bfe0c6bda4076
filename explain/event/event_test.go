// SPDX-License-Identifier: Apache-2.0

package event_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moorage-k8s/moorage/explain/event"
)

func at(minute int) time.Time { return time.Date(2026, 3, 1, 12, minute, 0, 0, time.UTC) }

func warning(uid types.UID, reason, message string, first, last, count int) *corev1.Event {
	return &corev1.Event{
		InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: "prod", Name: "db-0", UID: uid}, Type: corev1.EventTypeWarning,
		Reason: reason, Message: message, Source: corev1.EventSource{Component: "kubelet"}, Count: int32(count),
		FirstTimestamp: metav1.NewTime(at(first)), LastTimestamp: metav1.NewTime(at(last)),
	}
}

// What says the same is one event, the newest is first, and neither others' events nor those of an earlier pod of the name are the pod's.
func TestEventsOfAnObject(t *testing.T) {
	normal := warning("u1", "Scheduled", "assigned", 1, 9, 1)
	normal.Type = corev1.EventTypeNormal
	other := warning("u1", "FailedMount", "of another", 1, 9, 1)
	other.InvolvedObject.Name = "db-1"
	newForm := warning("u1", "FailedAttachVolume", "new form", 0, 0, 0)
	newForm.FirstTimestamp, newForm.LastTimestamp, newForm.Source = metav1.Time{}, metav1.Time{}, corev1.EventSource{}
	newForm.EventTime, newForm.ReportingController = metav1.NewMicroTime(at(2)), "attachdetach-controller"
	newForm.Series = &corev1.EventSeries{Count: 7, LastObservedTime: metav1.NewMicroTime(at(6))}
	log := event.LogOf([]*corev1.Event{
		normal, other, newForm,
		warning("u0", "FailedMount", "of an earlier pod", 1, 9, 1),
		warning("u1", "FailedMount", "the same", 3, 4, 2), warning("u1", "FailedMount", "(combined from similar events): the same", 1, 5, 3),
		warning("", "FailedMount", "without a UID", 1, 1, 1),
	})
	object := event.Object{Kind: "Pod", Namespace: "prod", Name: "db-0", UID: "u1"}
	want := []event.Event{
		{Object: object, Reason: "FailedAttachVolume", Message: "new form", By: "attachdetach-controller", Count: 7, First: at(2), Last: at(6)},
		{Object: object, Reason: "FailedMount", Message: "the same", By: "kubelet", Count: 5, First: at(1), Last: at(5)},
		{
			Object: event.Object{Kind: "Pod", Namespace: "prod", Name: "db-0"}, Reason: "FailedMount", Message: "without a UID", By: "kubelet", Count: 1,
			First: at(1), Last: at(1),
		},
	}
	if diff := cmp.Diff(want, log.Of(object)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A sidecar calls itself DRIVER_HOST_UUID. The driver is what a reader knows.
func TestSpeaker(t *testing.T) {
	for by, want := range map[string]string{
		"ebs.csi.aws.com_ebs-csi-controller-5d8_c0e2b3e6-2cb4-4bd8-9ca9-50d11ac37d8f": "ebs.csi.aws.com",
		"external-resizer ebs.csi.aws.com":                                            "external-resizer ebs.csi.aws.com",
		"persistentvolume-controller":                                                 "persistentvolume-controller",
		"some_name_of_its_own":                                                        "some_name_of_its_own",
		"":                                                                            "",
	} {
		if got := (&event.Event{By: by}).Speaker(); got != want {
			t.Errorf("%q is said by %q, want %q", by, got, want)
		}
	}
}
