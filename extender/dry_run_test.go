// SPDX-License-Identifier: Apache-2.0

package extender_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	extenderv1 "k8s.io/kube-scheduler/extender/v1"
)

// ask asks about whole nodes and returns those left.
func (b *burst) ask(path string, pod *corev1.Pod, nodes ...corev1.Node) (left []string) {
	b.t.Helper()
	body, err := json.Marshal(extenderv1.ExtenderArgs{Pod: pod, Nodes: &corev1.NodeList{Items: nodes}})
	if err != nil {
		b.t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	b.handler.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, path, bytes.NewReader(body)))
	var result extenderv1.ExtenderFilterResult
	if err := json.Unmarshal(answer.Body.Bytes(), &result); err != nil || result.Nodes == nil {
		b.t.Fatalf("answer %s: %v", answer.Body, err)
	}
	for i := range result.Nodes.Items {
		left = append(left, result.Nodes.Items[i].Name)
	}
	return left
}

func labelled(name string, labels map[string]string) corev1.Node {
	return corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
}

const templateLabel = "cluster-autoscaler.kubernetes.io/template-node"

// A simulator's question is answered by the labels that it gives, on nodes that do not exist as on those that do.
func TestASimulatorIsAnsweredByTheLabelsItGives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBurst(t)
		templates := []corev1.Node{
			labelled("template-a", map[string]string{"zone": "a", templateLabel: "true"}),
			labelled("template-c", map[string]string{"zone": "c", templateLabel: "true"}),
		}
		if diff := cmp.Diff([]string{"template-a"}, b.ask("/filter", b.pod("x"), templates...)); diff != "" {
			t.Errorf("templates left (-want +got):\n%s", diff)
		}
		// The same without the mark: a node that the cache does not know passes, and the cache's view of one that it knows wins.
		plain := []corev1.Node{labelled("new-c", map[string]string{"zone": "c"}), labelled("c", map[string]string{"zone": "a"})}
		if diff := cmp.Diff([]string{"new-c"}, b.ask("/filter", b.pod("x"), plain...)); diff != "" {
			t.Errorf("nodes left (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"c"}, b.ask("/filter?dry-run=true", b.pod("x"), plain...)); diff != "" {
			t.Errorf("nodes left of a dry run (-want +got):\n%s", diff)
		}
	})
}

// A driver that names topology keys will do so on a new node as well: a template passes although it has no CSINode, and although the label is one
// that the driver sets when it starts.
func TestATemplateNodeWillHaveTheDrivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBurst(t)
		for _, name := range []string{"a", "b", "c"} {
			b.upsert(&storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: storagev1.CSINodeSpec{
				Drivers: []storagev1.CSINodeDriver{{Name: "d", NodeID: name, TopologyKeys: []string{"d/node"}}},
			}})
			b.upsert(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"zone": name, "d/node": name}}})
		}
		b.cache.Flush()
		template := labelled("template-a", map[string]string{"zone": "a", templateLabel: "true"})
		if left := b.ask("/filter", b.pod("x"), template); len(left) != 1 {
			t.Error("the template is refused for what its driver will bring")
		}
	})
}

// What a simulator asks leaves no trace: the next pod neither waits for it nor counts it, and no metric knows of it.
func TestASimulatorLeavesNoTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBurst(t)
		for range 3 {
			if left := b.ask("/filter", b.pod("x"), labelled("b", map[string]string{"zone": "b", templateLabel: "true"})); len(left) != 1 {
				t.Fatal("the pool has room")
			}
			b.ask("/filter?dry-run", b.pod("x"), labelled("b", map[string]string{"zone": "b"}))
		}
		b.expect("y", 0, []string{"b"}, "b") // Of 10 Gi each wants 6.
		if n := b.waits("seen") + b.waits("timed-out"); n > 0 {
			t.Errorf("%d waits", n)
		}
		families, err := b.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				if f.GetName() == "moorage_extender_nodes_total" && m.GetLabel()[0].GetValue() == "passed" && m.GetCounter().GetValue() != 1 {
					t.Errorf("%v nodes are counted, want that of the one real question", m.GetCounter().GetValue())
				}
			}
		}
		// The real pod before is noted: a dry run does not wait for it either.
		b.ask("/filter?dry-run=true", b.pod("x"), labelled("b", map[string]string{"zone": "b"}))
	})
}
