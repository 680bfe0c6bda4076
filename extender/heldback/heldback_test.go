// SPDX-License-Identifier: Apache-2.0

package heldback_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/moorage-k8s/moorage/extender/heldback"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func names(pods []heldback.Pod) (out string) {
	for _, p := range pods {
		out += p.Name + " "
	}
	return out
}

// A pod is spoken of once it has been refused for two minutes, not again within half an hour, and not once it was let through.
func TestDue(t *testing.T) {
	l := heldback.New()
	refused := func(name string, at time.Duration) {
		l.Refused(heldback.Pod{UID: name, Name: name, Last: start.Add(at), Nodes: []string{"n1"}, Of: 1})
	}
	due := func(at time.Duration, want string) {
		t.Helper()
		if got := names(l.Due(start.Add(at))); got != want {
			t.Errorf("after %s: %q, want %q", at, got, want)
		}
	}
	refused("a", 0)
	refused("b", 30*time.Second)
	due(119*time.Second, "")
	refused("a", 119*time.Second)
	due(2*time.Minute, "a ")
	due(150*time.Second, "a b ")
	l.Told("a", start.Add(150*time.Second))
	due(3*time.Minute, "b ")
	l.Forget("b")
	due(4*time.Minute, "")
	for at := 5 * time.Minute; at <= 40*time.Minute; at += 5 * time.Minute {
		refused("a", at)
	}
	due(32*time.Minute, "")
	due(40*time.Minute, "a ")
	// One that kube-scheduler has not asked about for long is gone, and begins again.
	due(60*time.Minute, "")
	refused("a", 61*time.Minute)
	due(62*time.Minute, "")
	due(63*time.Minute, "a ")
}

// However many pods there are, and on however many nodes, little is kept.
func TestBounds(t *testing.T) {
	l := heldback.New()
	nodes := make([]string, 5000)
	for i := range nodes {
		nodes[i] = fmt.Sprint(i)
	}
	for i := range 3000 {
		l.Refused(heldback.Pod{UID: fmt.Sprint(i), Name: fmt.Sprint(i), Last: start.Add(time.Duration(i) * time.Millisecond), Nodes: nodes, Of: len(nodes)})
	}
	due := l.Due(start.Add(3 * time.Minute))
	if len(due) != 1024 || due[0].Name != "1976" || len(due[0].Nodes) != 64 || due[0].Of != 5000 {
		t.Errorf("%d pods, the first of them %s with %d of %d nodes", len(due), due[0].Name, len(due[0].Nodes), due[0].Of)
	}
	var none *heldback.Log
	none.Refused(heldback.Pod{})
	none.Forget("x")
}
