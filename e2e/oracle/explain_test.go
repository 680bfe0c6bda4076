// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	extenderv1 "k8s.io/kube-scheduler/extender/v1"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/extender"
	"github.com/moorage-k8s/moorage/internal/output"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// explainRounds are enough for some thousands of pods.
const explainRounds = 300

// What explain tells a person of each node is what /filter answers kube-scheduler, for every pod and node of random clusters,
// with moorage's own predicates. And whatever change explain suggests, it says so only where the pod fits nowhere.
func TestExplainAgreesWithFilter(t *testing.T) {
	engine, err := placement.NewEngine(placement.Config{})
	if err != nil {
		t.Fatal(err)
	}
	pods, refused, suggested := 0, 0, 0
	for n := range uint64(explainRounds) {
		round := Generate(1, n)
		s, err := snapshotOf(round.Cluster, round.Loading)
		if err != nil {
			t.Fatal(err)
		}
		handler := extender.New(extender.Options{
			Snapshot: func() *topology.Snapshot { return s }, Missing: func() []topology.Kind { return nil },
			Engine: engine, Registry: prometheus.NewRegistry(),
		})
		for _, pod := range round.Pods {
			e := output.ExplanationOf(explain.Pod(explain.Question{Snapshot: s, Engine: engine, Pod: topology.PodFromAPI(pod)}))
			answer := filter(t, handler, pod, e.Nodes)
			passed := 0
			for i := range e.Nodes {
				node := &e.Nodes[i]
				said, code := refusalIn(answer, node.Name)
				pods++
				switch {
				case node.Fits && said == "":
					passed++
				case node.Fits || said == "":
					t.Errorf("round %d, pod %s, node %s: explain says fits=%t, /filter %q", n, pod.Name, node.Name, node.Fits, said)
				case node.Reasons[0] != said || node.Code != code:
					t.Errorf("round %d, pod %s, node %s: explain says %s %v, /filter %s %q", n, pod.Name, node.Name, node.Code, node.Reasons, code, said)
				default:
					refused++
				}
			}
			// What no node can give a pod is in the cause: that it is held back, that nobody chooses a node for its claim, or serves its driver.
			if e.Fits != (passed > 0 && e.Cause == nil) || e.Held && e.Cause == nil || e.Headline == "" || strings.Contains(e.Headline, "%!") {
				t.Errorf("round %d, pod %s: fits=%t with %d nodes left, held=%t, headline %q", n, pod.Name, e.Fits, passed, e.Held, e.Headline)
			}
			if e.Fits && len(e.Changes) > 0 || slices.ContainsFunc(e.Changes, func(c output.Change) bool { return c.Nodes == 0 }) {
				t.Errorf("round %d, pod %s: fits=%t, and explain suggests %+v", n, pod.Name, e.Fits, e.Changes)
			}
			suggested += min(len(e.Changes), 1)
		}
	}
	t.Logf("%d verdicts compared, %d of them refusals; a change found for %d pods", pods, refused, suggested)
	if refused < 1000 || suggested < 50 {
		t.Errorf("only %d refusals and %d suggestions: the clusters show little", refused, suggested)
	}
}

func filter(t *testing.T, handler http.Handler, pod *corev1.Pod, nodes []explain.Node) *extenderv1.ExtenderFilterResult {
	t.Helper()
	names := make([]string, len(nodes))
	for i := range nodes {
		names[i] = nodes[i].Name
	}
	body, err := json.Marshal(extenderv1.ExtenderArgs{Pod: pod, NodeNames: &names})
	if err != nil {
		t.Fatal(err)
	}
	response := httptest.NewRecorder()
	handler.ServeHTTP(response, httptest.NewRequest(http.MethodPost, "/filter", strings.NewReader(string(body))))
	var answer extenderv1.ExtenderFilterResult
	if err := json.Unmarshal(response.Body.Bytes(), &answer); err != nil || answer.Error != "" {
		t.Fatal(fmt.Errorf("%w: %s", err, answer.Error))
	}
	return &answer
}

func refusalIn(answer *extenderv1.ExtenderFilterResult, node string) (reason, code string) {
	if reason, ok := answer.FailedNodes[node]; ok {
		return reason, placement.Unschedulable.String()
	}
	return answer.FailedAndUnresolvableNodes[node], placement.Unresolvable.String()
}
