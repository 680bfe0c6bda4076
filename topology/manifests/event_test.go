// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"os"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/manifests"
)

const someEvents = `
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Event
  metadata: {name: db-0.1, namespace: prod}
  involvedObject: {kind: Pod, namespace: prod, name: db-0}
  reason: FailedMount
  message: of v1
  type: Warning
  count: 3
- apiVersion: v1
  kind: Event
  metadata: {name: db-0.2, namespace: prod}
  involvedObject: {kind: Pod, namespace: prod, name: db-0}
  reason: Scheduled
  type: Normal
---
apiVersion: events.k8s.io/v1
kind: Event
metadata: {name: db-0.3, namespace: prod}
regarding: {kind: Pod, namespace: prod, name: db-0}
reportingController: attachdetach-controller
reason: FailedAttachVolume
note: of events.k8s.io
type: Warning
series: {count: 4, lastObservedTime: "2026-03-01T12:00:00.000000Z"}
---
apiVersion: v1
kind: Node
metadata: {name: n1}
`

// Warning events are read in either form, by who asks for them. Others, and who does not ask, are no reason for a note.
func TestEvents(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.yaml")
	if err := os.WriteFile(path, []byte(someEvents), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, asked := range []map[topology.Key]*corev1.Event{nil, {}} {
		result, err := manifests.Reader{Events: asked}.Load(topology.New(topology.Options{NodeDelay: -1}), path)
		if err != nil || len(result.SkippedKinds) > 0 || len(result.Repeated) > 0 || result.Objects[topology.KindNode] != 1 {
			t.Fatalf("%+v, %v", result, err)
		}
		if asked == nil {
			continue
		}
		if len(asked) != 2 {
			t.Errorf("read %d events", len(asked))
		}
		e := asked[topology.Key{Namespace: "prod", Name: "db-0.3"}]
		if e == nil || e.Message != "of events.k8s.io" || e.InvolvedObject.Name != "db-0" || e.ReportingController != "attachdetach-controller" || e.Series.Count != 4 {
			t.Errorf("of events.k8s.io: %+v", e)
		}
	}
	objects, _, err := manifests.Read(path)
	if err != nil || len(objects[topology.KindEvent]) != 2 {
		t.Errorf("read %d events, %v", len(objects[topology.KindEvent]), err)
	}
}
