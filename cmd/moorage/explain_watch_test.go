// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// watched is an API server of a cluster with one pod: it waits for CPU, still does, fits, and runs.
type watched struct{ asked atomic.Int32 }

func (s *watched) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	answer := func(value any) { _ = json.NewEncoder(w).Encode(value) }
	node := corev1.Node{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Node"}, ObjectMeta: metav1.ObjectMeta{Name: "a1"},
		Status: corev1.NodeStatus{
			Allocatable: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("2"), corev1.ResourcePods: resource.MustParse("9")},
			Conditions:  []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
		},
	}
	pod := corev1.Pod{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{Name: "db", Namespace: "default"},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("3")},
		}}}},
		Status: corev1.PodStatus{Phase: corev1.PodPending},
	}
	if r.URL.Path == "/api/v1/nodes" {
		s.asked.Add(1)
	}
	switch n := s.asked.Load(); {
	case n >= 4:
		pod.Spec.NodeName, pod.Status.Phase = "a1", corev1.PodRunning
		fallthrough
	case n == 3:
		node.Status.Allocatable[corev1.ResourceCPU] = resource.MustParse("8")
	}
	switch path := r.URL.Path; {
	case path == "/api/v1/nodes":
		answer(corev1.NodeList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "NodeList"}, Items: []corev1.Node{node}})
	case path == "/api/v1/pods":
		answer(corev1.PodList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PodList"}, Items: []corev1.Pod{pod}})
	case strings.HasSuffix(path, "/pods/db"):
		answer(pod)
	case strings.HasSuffix(path, "/v1"):
		answer(metav1.APIResourceList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIResourceList"}})
	default:
		answer(metav1.List{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "List"}})
	}
}

// Who watches a pod gets an answer when there is a new one, with its time, and an end when the pod runs.
func TestExplainWatches(t *testing.T) {
	server := httptest.NewServer(new(watched))
	defer server.Close()
	kubeconfig := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(kubeconfig, []byte("{apiVersion: v1, kind: Config}"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", kubeconfig)
	var stdout, stderr bytes.Buffer
	root := rootCommand()
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	root.SetArgs([]string{"explain", "db", "--watch", "--server", server.URL, "--moorage-namespace="})
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Errorf("it ends with %v, want nothing: the pod runs\n%s", err, stderr.String())
	}
	var heads []string
	for line := range strings.Lines(stdout.String()) {
		if strings.HasPrefix(line, "At ") || strings.HasPrefix(line, "Pod ") {
			heads = append(heads, strings.TrimSpace(line[:min(len(line), 42)]))
		}
	}
	want := []string{"At ", "Pod default/db fits nowhere: a1 needs 1", "At ", "Pod default/db: the pod fits on ", "At ", "Pod default/db: the pod is on node a1"}
	if len(heads) != len(want) {
		t.Fatalf("the answers begin with %q, want %q\n%s", heads, want, stdout.String())
	}
	for i := range want {
		if !strings.HasPrefix(heads[i], want[i]) {
			t.Errorf("answer %d is %q, want %q", i, heads[i], want[i])
		}
	}
}
