// SPDX-License-Identifier: Apache-2.0

package filters_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/e2e/filters"
	"github.com/moorage-k8s/moorage/internal/capture"
	"github.com/moorage-k8s/moorage/nodefit"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/manifests"
)

// TestCaptureAnswersAsTheCluster asks the filters about random clusters, about what a capture keeps of them, written to a file and read back, and
// about the same with other names: every node must be rejected by the same filters.
func TestCaptureAnswersAsTheCluster(t *testing.T) {
	number := *seed
	if number == 0 {
		number = rand.Uint64()
	}
	t.Logf("seed %d", number)
	file := filepath.Join(t.TempDir(), "capture.yaml")
	asked := 0
	until := time.Now().Add(3 * time.Second)
	for round := *first; time.Now().Before(until) || round < *first+50; round++ {
		r := filters.Generate(number, round)
		objects := map[topology.Kind][]metav1.Object{}
		keep := func(kind topology.Kind, o metav1.Object) {
			if kept := capture.Keep(o); kept != nil {
				objects[kind] = append(objects[kind], kept)
			}
		}
		for _, n := range r.Cluster.Nodes {
			keep(topology.KindNode, n)
		}
		for _, n := range r.Cluster.Namespaces {
			keep(topology.KindNamespace, n)
		}
		for _, p := range r.Cluster.Pods {
			keep(topology.KindPod, p)
		}
		// The pods to be asked about come last. They wait, so they change nothing.
		placed := len(objects[topology.KindPod])
		for _, p := range r.Pods {
			keep(topology.KindPod, p)
		}
		want := verdicts(r.Cluster, r.Pods)
		asked += len(r.Pods)
		other, err := capture.Anonymize(objects)
		if err != nil {
			t.Fatal(err)
		}
		for name, of := range map[string]map[topology.Kind][]metav1.Object{"kept": objects, "anonymized": other} {
			if got := verdicts(throughFile(t, file, of, placed)); got != want {
				t.Fatalf("round %d, %s: the filters say\n%s\nand of the whole cluster\n%s\nagain: go test ./filters -run Capture -seed %d -first %d",
					round, name, got, want, number, round)
			}
		}
	}
	t.Logf("%d pods", asked)
}

// throughFile writes the objects and reads them back: the cluster, and the pods after the first placed ones.
func throughFile(t *testing.T, file string, objects map[topology.Kind][]metav1.Object, placed int) (*filters.Cluster, []*corev1.Pod) {
	t.Helper()
	var text bytes.Buffer
	if err := capture.Write(&text, capture.YAML, []string{"a comment"}, objects); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	read, _, err := manifests.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	c, pods := &filters.Cluster{}, []*corev1.Pod(nil)
	for _, o := range read[topology.KindNode] {
		c.Nodes = append(c.Nodes, o.(*corev1.Node))
	}
	for _, o := range read[topology.KindNamespace] {
		c.Namespaces = append(c.Namespaces, o.(*corev1.Namespace))
	}
	for i, o := range objects[topology.KindPod] {
		pod := read[topology.KindPod][topology.Key{Namespace: o.GetNamespace(), Name: o.GetName()}].(*corev1.Pod)
		if i < placed {
			c.Pods = append(c.Pods, pod)
		} else {
			pods = append(pods, pod)
		}
	}
	return c, pods
}

// verdicts are which filters reject which node, by the node's place in the order of names.
func verdicts(c *filters.Cluster, pods []*corev1.Pod) string {
	o := nodefit.Objects{Nodes: c.Nodes, Namespaces: map[string]map[string]string{}}
	for _, p := range c.Pods {
		o.Pods = append(o.Pods, nodefit.PodFromAPI(p))
	}
	for _, n := range c.Namespaces {
		o.Namespaces[n.Name] = n.Labels
	}
	cluster := nodefit.New(o, nodefit.Config{})
	var out strings.Builder
	for k, pod := range pods {
		v := cluster.Judge(pod)
		fmt.Fprintf(&out, "pod %d, unreadable %t, unknown %d\n", k, v.Unreadable != nil, len(v.Unknown))
		for i := range cluster.NumNodes() {
			for e := range v.Eliminations {
				if v.Eliminations[e].Nodes.Has(i) {
					fmt.Fprintf(&out, "node %d: %s %d\n", i, v.Eliminations[e].Filter, v.Eliminations[e].Constraint)
				}
			}
		}
	}
	return out.String()
}
