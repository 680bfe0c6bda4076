// SPDX-License-Identifier: Apache-2.0

package topology_test

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology"
)

// TestPlaces: by which label zones are told apart, and that it is one label for all nodes, whatever pod is asked about.
func TestPlaces(t *testing.T) {
	const own, rack = "topology.d/zone", "topology.e/rack"
	zone, beta := corev1.LabelTopologyZone, corev1.LabelFailureDomainBetaZone
	type labels = map[string]string
	for _, test := range []struct {
		name string
		// keys are the topology keys of the drivers d and e, on every node.
		d, e  []string
		nodes [3]labels
		want  string
	}{
		{"the usual label", []string{own}, nil, [3]labels{{zone: "a", own: "x"}, {own: "y"}, {zone: "b", own: "z"}}, "a - b"},
		{"the beta label", []string{own}, nil, [3]labels{{beta: "a", own: "x"}, {beta: "a", own: "y"}, {own: "z"}}, "a a -"},
		{"a driver's own label", []string{own}, nil, [3]labels{{own: "x"}, {own: "y"}, {own: "x"}}, "x y x"},
		{"of two drivers that of more nodes", []string{own}, []string{rack}, [3]labels{{own: "x", rack: "1"}, {own: "y", rack: "2"}, {rack: "3"}}, "1 2 3"},
		{"of as many nodes the coarser", []string{own}, []string{rack}, [3]labels{{own: "x", rack: "1"}, {own: "y", rack: "2"}, {own: "x", rack: "3"}}, "x y x"},
		{"of as many zones the first by name", []string{own}, []string{rack}, [3]labels{{own: "x", rack: "1"}, {own: "y", rack: "2"}, {own: "x", rack: "2"}}, "x y x"},
		{"one value tells nothing apart", []string{own}, nil, [3]labels{{own: "x"}, {own: "x"}, {own: "x"}}, "- - -"},
		{"no label", nil, nil, [3]labels{{}, {}, {}}, "- - -"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := topology.New(topology.Options{NodeDelay: -1})
			for i, labels := range test.nodes {
				meta := metav1.ObjectMeta{Name: fmt.Sprint("node-", i), Labels: labels}
				csi := &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: meta.Name}}
				csi.Spec.Drivers = []storagev1.CSINodeDriver{{Name: "d", TopologyKeys: test.d}, {Name: "e", TopologyKeys: test.e}}
				for _, object := range []metav1.Object{&corev1.Node{ObjectMeta: meta}, csi} {
					if err := c.Upsert(object); err != nil {
						t.Fatal(err)
					}
				}
			}
			c.Flush()
			places := c.Snapshot().Places()
			got := make([]string, len(test.nodes))
			for i := range got {
				if got[i] = places.Zone(i); got[i] == "" {
					got[i] = "-"
				}
			}
			if got := strings.Join(got, " "); got != test.want {
				t.Errorf("zones %s, want %s", got, test.want)
			}
		})
	}
}

// TestClosed: why nodes take no new pods. Where none is Ready, as in manifests that people write, that says nothing.
func TestClosed(t *testing.T) {
	ready := []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
	for _, test := range []struct {
		name  string
		nodes []corev1.Node
		want  string
	}{
		{"no conditions", []corev1.Node{{}, {Spec: corev1.NodeSpec{Unschedulable: true}}}, "|cordoned"},
		{"conditions", []corev1.Node{{Status: corev1.NodeStatus{Conditions: ready}}, {}}, "|not ready"},
		{
			"all closed",
			[]corev1.Node{{Spec: corev1.NodeSpec{Unschedulable: true}, Status: corev1.NodeStatus{Conditions: ready}}, {}},
			"cordoned|not ready",
		},
		{
			"out of service",
			[]corev1.Node{{Spec: corev1.NodeSpec{Unschedulable: true, Taints: []corev1.Taint{{Key: corev1.TaintNodeOutOfService}}}}},
			"out of service",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := topology.New(topology.Options{NodeDelay: -1})
			for i := range test.nodes {
				test.nodes[i].Name = fmt.Sprint("node-", i)
				if err := c.Upsert(&test.nodes[i]); err != nil {
					t.Fatal(err)
				}
			}
			c.Flush()
			s := c.Snapshot()
			places := s.Places()
			got := make([]string, s.NumNodes())
			for i := range got {
				got[i] = places.Closed(i)
				if s.Open().Has(i) != (got[i] == "") {
					t.Errorf("node %d is open and closed (%s)", i, got[i])
				}
			}
			if got := strings.Join(got, "|"); got != test.want {
				t.Errorf("closed %s, want %s", got, test.want)
			}
		})
	}
}
