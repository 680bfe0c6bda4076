// SPDX-License-Identifier: Apache-2.0

package simulate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/storagemap"
	"github.com/moorage-k8s/moorage/simulate"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/manifests"
	"github.com/moorage-k8s/moorage/topology/placement"
)

func zonesByDriverKey(t *testing.T) (*topology.Snapshot, *placement.Engine) {
	t.Helper()
	cache := topology.New(topology.Options{NodeDelay: -1})
	if _, err := manifests.Load(cache, "testdata/zones-by-driver-key.yaml"); err != nil {
		t.Fatal(err)
	}
	engine, err := placement.NewEngine(placement.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return cache.Snapshot(), engine
}

// Nodes that carry no usual zone label are in the zones that their driver tells apart: explain, the map and simulate say the same of each.
func TestZonesByDriverKey(t *testing.T) {
	s, engine := zonesByDriverKey(t)
	want := map[string]string{"n1": "east", "n2": "west"}

	asked := s.Pod(topology.Key{Namespace: "default", Name: "asked"})
	ofPod, ofNode, ofMap, ofSimulation := map[string]string{}, map[string]string{}, map[string]string{}, map[string]string{}
	for _, n := range explain.Pod(explain.Question{Snapshot: s, Engine: engine, Pod: asked}).Nodes {
		ofPod[n.Name] = n.Zone
	}
	for name := range want {
		ofNode[name] = explain.OfNode(s, name).Zone
	}
	for _, zone := range storagemap.New(s, engine, nil).Zones {
		for i := range zone.Nodes {
			ofMap[zone.Nodes[i].Name] = zone.Name
		}
	}
	set := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Name: "agent"}}
	result, err := simulate.Run(t.Context(), simulate.Question{Snapshot: s, Engine: engine, Workloads: []runtime.Object{set}, Namespace: "default"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range result.Pods {
		ofSimulation[result.Pods[i].Node] = result.Pods[i].Zone
	}
	for of, got := range map[string]map[string]string{"explain pod": ofPod, "explain node": ofNode, "map": ofMap, "simulate": ofSimulation} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", of, diff)
		}
	}
}

// A zone that a driver's key names can be lost, and the one that is left keeps its name, though the key tells nothing apart any more.
func TestLosingOneOfTwoZonesByDriverKey(t *testing.T) {
	s, engine := zonesByDriverKey(t)
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "new"}}
	result, err := simulate.Run(t.Context(), simulate.Question{
		Snapshot: s, Engine: engine, LoseZone: []string{"west"}, Workloads: []runtime.Object{pod}, Namespace: "default",
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := result.Pods[0]; got.Node != "n1" || got.Zone != "east" {
		t.Errorf("the pod is on %q in %q, want n1 in east", got.Node, got.Zone)
	}
}

// A node that explain calls cordoned or not ready takes no pods in a simulation, even if all are.
func TestClosedNodesTakeNoPods(t *testing.T) {
	s, engine := zonesByDriverKey(t)
	draft := s.Draft()
	cordoned, notReady := *s.Node(0), *s.Node(1)
	cordoned.Ready, cordoned.Unschedulable, notReady.Ready = true, true, false
	draft.PutNode(&cordoned)
	draft.PutNode(&notReady)
	s = draft.Snapshot()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "new"}}
	result, err := simulate.Run(t.Context(), simulate.Question{Snapshot: s, Engine: engine, Workloads: []runtime.Object{pod}, Namespace: "default"})
	if err != nil {
		t.Fatal(err)
	}
	if got := result.Pods[0]; got.Node != "" {
		t.Errorf("the pod is placed on %s, where explain says %q", got.Node, explain.OfNode(s, got.Node).Note)
	}
}
