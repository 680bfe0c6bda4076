// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/live"
	"github.com/moorage-k8s/moorage/topology/manifests"
)

const twoNodes = `
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {kubernetes.io/hostname: n1}}
spec: {taints: [{key: dedicated, value: gpu, effect: NoSchedule}]}
status: {allocatable: {cpu: "2", pods: "10"}}
---
apiVersion: v1
kind: Node
metadata: {name: n2}
status: {allocatable: {cpu: "2", pods: "10"}}
---
apiVersion: v1
kind: Namespace
metadata: {name: prod, labels: {team: red}}
---
apiVersion: v1
kind: Pod
metadata: {name: big, namespace: prod}
spec: {nodeName: n2, containers: [{name: c, image: i, resources: {requests: {cpu: "1500m"}}}]}
`

// A command that reads files knows what decides beside volumes, as far as the files tell it: a capture of an older version leaves it out, and
// then nothing is taken for granted.
func TestOthersOfFiles(t *testing.T) {
	for _, test := range []struct{ name, head, want string }{
		{"files", "", "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s)."},
		{
			"capture", "# " + manifests.CapturedLine(metav1.Unix(1_700_000_000, 0).Time, "moorage", true),
			"0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s).",
		},
		{
			"old capture", "# A cluster's storage as moorage sees it, captured 2026-01-31T12:00:00Z by moorage 0.1.0.",
			"the capture is of an older moorage, and does not hold it; make a new one",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "cluster.yaml")
			if err := os.WriteFile(path, []byte(test.head+twoNodes), 0o600); err != nil {
				t.Fatal(err)
			}
			c, err := (&clusterFlags{from: []string{path}, whole: true}).open(t.Context(), io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			others, why := c.others()
			if others == nil {
				if why != test.want {
					t.Errorf("got %q, want %q", why, test.want)
				}
				return
			}
			if got := others.Judge(asking("1")).Foretell(nil, nil); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// Of a live cluster the namespaces may be out of reach; what they decide is then left open. A node that says nothing of its room has none.
func TestOthersOfACluster(t *testing.T) {
	whole := newWholeObjects()
	whole.add(&live.Listing{Objects: map[topology.Kind][]metav1.Object{
		topology.KindNode: {&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n1"}}},
	}})
	others, _ := whole.ofCluster()()
	pod := asking("1")
	pod.Spec.Affinity = &corev1.Affinity{PodAffinity: &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{
		TopologyKey: "zone", NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"team": "red"}},
	}}}}
	v := others.Judge(pod)
	if got, want := v.Foretell(nil, nil), "0/1 nodes are available: 1 Insufficient cpu, 1 Too many pods."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(v.Unknown) != 1 || !strings.Contains(v.Unknown[0], "namespaces") {
		t.Errorf("unknown: %q", v.Unknown)
	}
}

func asking(cpu string) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "prod", Name: "new"}}
	pod.Spec.Containers = []corev1.Container{{Name: "c", Resources: corev1.ResourceRequirements{
		Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu)},
	}}}
	return pod
}
