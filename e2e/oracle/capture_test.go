// SPDX-License-Identifier: Apache-2.0

package oracle_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/e2e/oracle"
	"github.com/moorage-k8s/moorage/internal/capture"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/manifests"
	"github.com/moorage-k8s/moorage/topology/placement"
)

var captureFor = flag.Duration("capture-for", 5*time.Second, "how long to compare captures with their clusters")

// TestCaptureAnswersAsTheCluster asks the engine about random clusters, about what a capture keeps of them, written to a file and
// read back, and about the same with other names: every node must get the same verdict, for the same reason, and the same score.
func TestCaptureAnswersAsTheCluster(t *testing.T) {
	number := *seed
	if number == 0 {
		number = rand.Uint64()
	}
	t.Logf("seed %d", number)
	engine, err := placement.NewEngine(placement.Config{})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "capture.yaml")
	asked := 0
	until := time.Now().Add(*captureFor)
	for round := *first; time.Now().Before(until) || round < *first+50; round++ {
		r := oracle.Generate(number, round)
		whole := map[topology.Kind][]metav1.Object{}
		for _, o := range r.Cluster.Objects() {
			kind, _ := topology.KindOf(o)
			whole[kind] = append(whole[kind], o)
		}
		// The pods to be asked about come along, for their names; they wait, so they change nothing.
		for _, pod := range r.Pods {
			whole[topology.KindPod] = append(whole[topology.KindPod], pod)
		}
		kept := map[topology.Kind][]metav1.Object{}
		for kind, list := range whole {
			for _, o := range list {
				if k := capture.Keep(o); k != nil {
					kept[kind] = append(kept[kind], k)
				}
			}
		}
		other, err := capture.Anonymize(kept)
		if err != nil {
			t.Fatal(err)
		}
		want := answers(engine, snapshotOf(t, whole), r.Pods, nil)
		asked += len(want)
		for name, objects := range map[string]map[topology.Kind][]metav1.Object{"kept": kept, "anonymized": other} {
			read := throughFile(t, file, objects)
			pods, names := r.Pods, map[string]string(nil)
			if name == "anonymized" {
				pods, names = renamed(t, r.Pods, kept, other)
			}
			got := answers(engine, snapshotOf(t, read), pods, names)
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("round %d, %s: the answer is\n%s\nand of the whole cluster\n%s\nagain: go test ./oracle -run Capture -seed %d -first %d",
						round, name, got[i], want[i], number, round)
				}
			}
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d pods", asked)
}

// renamed are the pods under their new names, those without volumes as they are, and the old names of nodes by the new.
func renamed(t *testing.T, pods []*corev1.Pod, kept, other map[topology.Kind][]metav1.Object) ([]*corev1.Pod, map[string]string) {
	t.Helper()
	to := map[topology.Key]*corev1.Pod{}
	for i, o := range kept[topology.KindPod] {
		to[topology.Key{Namespace: o.GetNamespace(), Name: o.GetName()}] = other[topology.KindPod][i].(*corev1.Pod)
	}
	out := make([]*corev1.Pod, len(pods))
	for i, pod := range pods {
		if out[i] = to[topology.Key{Namespace: pod.Namespace, Name: pod.Name}]; out[i] == nil {
			out[i] = pod
		}
	}
	names := map[string]string{}
	for i, o := range kept[topology.KindNode] {
		names[other[topology.KindNode][i].GetName()] = o.GetName()
	}
	if len(names) != len(kept[topology.KindNode]) {
		t.Errorf("%d nodes have %d names", len(kept[topology.KindNode]), len(names))
	}
	return out, names
}

// throughFile writes the objects and reads them back.
func throughFile(t *testing.T, file string, objects map[topology.Kind][]metav1.Object) map[topology.Kind][]metav1.Object {
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
	out := map[topology.Kind][]metav1.Object{}
	for kind, byKey := range read {
		for _, o := range byKey {
			out[kind] = append(out[kind], o)
		}
	}
	return out
}

func snapshotOf(t *testing.T, objects map[topology.Kind][]metav1.Object) *topology.Snapshot {
	t.Helper()
	cache := topology.New(topology.Options{NodeDelay: -1})
	for _, kind := range topology.Kinds {
		if err := cache.Replace(kind, objects[kind]); err != nil {
			t.Fatal(err)
		}
	}
	return cache.Snapshot()
}

// answers are what the engine says of each pod, node by node in the order of the nodes' names; names are what nodes are called
// there, nil for their own names.
func answers(engine *placement.Engine, s *topology.Snapshot, pods []*corev1.Pod, names map[string]string) []string {
	var out []string
	for _, pod := range pods {
		var text bytes.Buffer
		verdict := engine.Filter(s, placement.NewDemand(s, topology.PodFromAPI(pod)))
		scores := engine.Score(s, verdict, verdict.Feasible)
		for _, u := range verdict.Undecided {
			fmt.Fprintf(&text, "undecided: %s\n", u.Cause)
		}
		for i := range s.NumNodes() {
			name := s.Node(i).Name
			if names != nil {
				name = names[name]
			}
			if refusal := verdict.Refusal(i); refusal != nil {
				fmt.Fprintf(&text, "%s: %s %s\n", name, refusal.Predicate, refusal.Reason)
			} else {
				fmt.Fprintf(&text, "%s: %d\n", name, scores.Node(i))
			}
		}
		out = append(out, text.String())
	}
	return out
}
