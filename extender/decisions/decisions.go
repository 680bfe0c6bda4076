// SPDX-License-Identifier: Apache-2.0

// Package decisions is what kube-scheduler was answered lately, as data: for people who ask about a pod. It must not know how an answer is
// found.
package decisions

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Path is where serve answers with them.
const Path = "/debug/decisions"

// Decision is what kube-scheduler was answered about one pod, once.
type Decision struct {
	Time time.Time `json:"time"`
	// Verb is filter, prioritize or preempt.
	Verb string `json:"verb"`
	// Pod is namespace/name, UID tells it from an earlier one of the name.
	Pod string `json:"pod"`
	UID string `json:"uid,omitempty"`
	// Asked is how many nodes kube-scheduler asked about; Passed how many of them were left; Unknown how many of these the
	// cache did not know.
	Asked   int `json:"asked"`
	Passed  int `json:"passed"`
	Unknown int `json:"unknown,omitempty"`
	// Refused are the nodes that were not left, by the first constraint that refused them.
	Refused []Refused `json:"refused,omitempty"`
	// Best are the nodes with the highest scores of prioritize, and some of those that filter or preempt left.
	Best []Rated `json:"best,omitempty"`
	// Group is set where the members of the pod's scheduling group that were let through before it leave it no room.
	Group *Group `json:"group,omitempty"`
	// Undecided is why volumes ruled out no node.
	Undecided []string `json:"undecided,omitempty"`
	// Milliseconds is how long the answer took, waits for claims and placements included.
	Milliseconds float64 `json:"milliseconds"`
}

// Refused are nodes that one constraint refused.
type Refused struct {
	Predicate string `json:"predicate"`
	// Volume is to blame; empty where it is the pod's volumes together.
	Volume string `json:"volume,omitempty"`
	Reason string `json:"reason"`
	Nodes  int    `json:"nodes"`
	// Names are the first of them.
	Names []string `json:"names"`
}

// Rated is a node with its score; the score is left out where none was given.
type Rated struct {
	Node  string `json:"node"`
	Score *int   `json:"score,omitempty"`
}

// Max bounds how many decisions can be kept: a few kilobytes each.
const Max = 10_000

// Log has the last decisions. It is safe for concurrent use. A nil *Log keeps none.
type Log struct {
	mu sync.Mutex // guards the fields below
	// kept is a ring once it is full; next is where the next decision goes.
	kept []Decision
	next int
}

// New returns a log of the last n decisions; nil, which keeps none, where n is 0.
func New(n int) *Log {
	if n <= 0 {
		return nil
	}
	return &Log{kept: make([]Decision, 0, min(n, Max))}
}

// Add keeps a decision, in place of the oldest if there are enough.
func (d *Log) Add(decision Decision) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.kept) < cap(d.kept) {
		d.kept = append(d.kept, decision)
		return
	}
	d.kept[d.next] = decision
	d.next = (d.next + 1) % len(d.kept)
}

// About returns what is kept about a pod, given as namespace/name, or about all pods, the newest first.
func (d *Log) About(pod string) []Decision {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := []Decision{}
	for i := range d.kept {
		at := (d.next - 1 - i + 2*len(d.kept)) % len(d.kept)
		if len(d.kept) < cap(d.kept) {
			at = len(d.kept) - 1 - i
		}
		if pod == "" || d.kept[at].Pod == pod {
			out = append(out, d.kept[at])
		}
	}
	return out
}

// List is what GET /debug/decisions answers.
type List struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Limit is how many decisions are kept.
	Limit     int        `json:"limit"`
	Decisions []Decision `json:"decisions"`
}

// ServeHTTP answers with what is kept, the newest first; with ?pod=namespace/name about that pod.
func (d *Log) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	pod := r.URL.Query().Get("pod")
	if pod != "" && strings.Count(pod, "/") != 1 {
		http.Error(w, fmt.Sprintf("pod %q: want namespace/name", pod), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(List{APIVersion: "moorage.dev/v1alpha1", Kind: "DecisionList", Limit: cap(d.kept), Decisions: d.About(pod)})
}

// Group is how far a scheduling group fits, as seen from a member for which nothing is left: there is room for so many of those that
// kube-scheduler has asked about in this cycle. It gives a group up as soon as too few can be placed, and then does not ask about the rest.
type Group struct {
	Name  string `json:"name"`
	Room  int    `json:"room"`
	Asked int    `json:"asked"`
}
