// SPDX-License-Identifier: Apache-2.0

package extender_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	extenderv1 "k8s.io/kube-scheduler/extender/v1"

	"github.com/moorage-k8s/moorage/topology/placement"
)

// prioritize asks about the pod and returns the score of each node.
func (b *burst) prioritize(pod *corev1.Pod, nodes ...string) map[string]int64 {
	b.t.Helper()
	body, err := json.Marshal(extenderv1.ExtenderArgs{Pod: pod, NodeNames: &nodes})
	if err != nil {
		b.t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	b.handler.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/prioritize", bytes.NewReader(body)))
	var list extenderv1.HostPriorityList
	if err := json.Unmarshal(answer.Body.Bytes(), &list); err != nil {
		b.t.Fatalf("answer %s: %v", answer.Body, err)
	}
	scores := map[string]int64{}
	for _, n := range list {
		scores[n.Host] = n.Score
	}
	return scores
}

// The replicas of a StatefulSet that is started in parallel are rated before it is seen where the ones before them went.
func TestReplicasThatStartTogetherAreSpreadOverZones(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBurstWith(t, placement.Config{Scorers: map[string]placement.ScorerConfig{
			placement.ZoneHeadroom: {}, placement.PoolFit: {}, placement.AttachSlots: {},
		}})
		for _, name := range []string{"a", "b"} {
			labels := map[string]string{"zone": name, corev1.LabelTopologyZone: name}
			b.upsert(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}})
		}
		b.cache.Flush()
		for i := range 5 {
			b.upsert(selected(fmt.Sprintf("data-db-%d", i), ""))
			b.upsert(b.replica(i))
		}
		rate := func(i int, want map[string]int64) {
			t.Helper()
			if diff := cmp.Diff(want, b.prioritize(b.replica(i), "a", "b")); diff != "" {
				t.Errorf("scores for replica %d (-want +got):\n%s", i, diff)
			}
		}
		even := map[string]int64{"a": 0, "b": 0}
		rate(0, even)
		b.upsert(selected("data-db-0", "a"))
		rate(1, map[string]int64{"a": 0, "b": 10})
		rate(2, even) // One is in a, one is expected in b.
		rate(1, map[string]int64{"a": 0, "b": 10})
		b.upsert(selected("data-db-1", "a")) // It went elsewhere: the guess is worth nothing any more.
		rate(2, map[string]int64{"a": 0, "b": 10})
		rate(3, map[string]int64{"a": 0, "b": 10})
		rate(4, even)                              // Two are in a, two expected in b.
		time.Sleep(6 * time.Second)                //nolint:forbidigo // time passes in a bubble, at once
		rate(4, map[string]int64{"a": 0, "b": 10}) // Those two never came.
	})
}

// replica is a pod of a StatefulSet.
func (b *burst) replica(i int) *corev1.Pod {
	p := b.pod(fmt.Sprintf("data-db-%d", i))
	p.ObjectMeta = metav1.ObjectMeta{Namespace: "default", Name: fmt.Sprintf("db-%d", i)}
	return p
}
