// SPDX-License-Identifier: Apache-2.0

package capture_test

import (
	"bytes"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/internal/capture"
	"github.com/moorage-k8s/moorage/topology"
)

// Of events a capture holds warnings about what it holds itself; without names it has what the table of known texts knows.
func TestEvents(t *testing.T) {
	objects := map[topology.Kind][]metav1.Object{topology.KindPod: {
		&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "acme", Name: "ledger-0"}},
	}}
	for _, e := range []corev1.Event{
		{Reason: "FailedMount", Message: `MountVolume.SetUp failed for volume "nvme" : secret "frankfurt" not found`},
		{Reason: "FailedMount", Message: `MountVolume.SetUp failed for volume "nvme" : rpc error: code = Internal desc = frankfurt is down`},
		{Reason: "Unhealthy", Message: "frankfurt has a fever"},
		{Reason: "FailedMount", Message: "frankfurt is of no kept pod", InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: "acme", Name: "stray"}},
		{Reason: "FailedMount", Message: "of no kept kind", InvolvedObject: corev1.ObjectReference{Kind: "Node", Name: "frankfurt"}},
		{Reason: "Scheduled", Type: corev1.EventTypeNormal, Message: "frankfurt"},
	} {
		if e.InvolvedObject.Kind == "" {
			e.InvolvedObject = corev1.ObjectReference{Kind: "Pod", Namespace: "acme", Name: "ledger-0"}
		}
		if e.Type == "" {
			e.Type = corev1.EventTypeWarning
		}
		e.Name, e.Namespace, e.Source = "ledger-0.1", "acme", corev1.EventSource{Component: "kubelet", Host: "frankfurt"}
		e.Related, e.ReportingInstance = &corev1.ObjectReference{Name: "frankfurt"}, "frankfurt"
		if kept := capture.Keep(&e); kept != nil {
			objects[topology.KindEvent] = append(objects[topology.KindEvent], kept)
		}
	}
	capture.AboutKept(objects)
	if n := len(objects[topology.KindEvent]); n != 2 {
		t.Errorf("%d events were kept", n)
	}
	message := "rpc error: code = Internal desc = disk frankfurt is attached to another VM in acme"
	objects[topology.KindAttachment] = []metav1.Object{capture.Keep(&storagev1.VolumeAttachment{
		ObjectMeta: metav1.ObjectMeta{Name: "csi-1", Finalizers: []string{"external-attacher/acme-disk"}},
		Status:     storagev1.VolumeAttachmentStatus{AttachError: &storagev1.VolumeError{Message: message}, DetachError: &storagev1.VolumeError{Message: message}},
	})}
	other, err := capture.Anonymize(objects)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := capture.Write(&out, capture.YAML, nil, other); err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"acme", "frankfurt", "ledger", "nvme"} {
		if strings.Contains(out.String(), word) {
			t.Errorf("%q is still there:\n%s", word, out.String())
		}
	}
	for _, what := range []string{
		`MountVolume.SetUp failed for volume \"w`, `secret \"w`, `\" not found`, `code = Internal desc = …`, "attached to another", `"component":"kubelet"`, "external-attacher/w",
	} {
		if !strings.Contains(out.String(), what) {
			t.Errorf("%q is not there:\n%s", what, out.String())
		}
	}
}
