// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

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
	Group *GroupRoom `json:"group,omitempty"`
	// Undecided is why volumes refused no node.
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

// namedNodes is how many nodes a decision names, of each sort: what a decision takes in memory does not grow with the
// cluster.
const namedNodes = 5

// MaxDecisions bounds how many decisions can be kept: a few kilobytes each.
const MaxDecisions = 10_000

// Decisions are the last decisions. They are safe for concurrent use. A nil *Decisions keeps none.
type Decisions struct {
	mu sync.Mutex // guards the fields below
	// kept is a ring once it is full; next is where the next decision goes.
	kept []Decision
	next int
}

// NewDecisions returns a log of the last n decisions; nil, which keeps none, where n is 0.
func NewDecisions(n int) *Decisions {
	if n <= 0 {
		return nil
	}
	return &Decisions{kept: make([]Decision, 0, min(n, MaxDecisions))}
}

func (d *Decisions) add(decision Decision) {
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
func (d *Decisions) About(pod string) []Decision {
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

// DecisionList is what GET /debug/decisions answers.
type DecisionList struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Limit is how many decisions are kept.
	Limit     int        `json:"limit"`
	Decisions []Decision `json:"decisions"`
}

// ServeHTTP answers with what is kept, the newest first; with ?pod=namespace/name about that pod.
func (d *Decisions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	pod := r.URL.Query().Get("pod")
	if pod != "" && strings.Count(pod, "/") != 1 {
		http.Error(w, fmt.Sprintf("pod %q: want namespace/name", pod), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(DecisionList{APIVersion: "moorage.dev/v1alpha1", Kind: "DecisionList", Limit: cap(d.kept), Decisions: d.About(pod)})
}

func begun(verb string, pod *topology.Pod, asked int, start time.Time) Decision {
	return Decision{
		Time: start, Verb: verb, Pod: pod.Key().String(), UID: string(pod.UID), Asked: asked,
		Milliseconds: float64(time.Since(start).Microseconds()) / 1000,
	}
}

// filtered keeps what filter answered.
func (d *Decisions) filtered(r *request, j *judgement, start time.Time) {
	if d == nil {
		return
	}
	decision := begun("filter", r.pod, len(r.nodes), start)
	decision.Passed, decision.Unknown, decision.Group = j.passed+j.unknown, j.unknown, j.group
	decision.undecided(j.verdict)
	at := make([]int, len(j.rejected))
	wanted := 0
	for k, n := range j.rejected {
		if n == 0 {
			continue
		}
		e := &j.verdict.Eliminations[k]
		refused := Refused{Predicate: e.Predicate, Reason: e.Reason.String(), Nodes: n}
		if e.Volume != placement.PodLevel && e.Volume < len(r.pod.Volumes) {
			refused.Volume = r.pod.Volumes[e.Volume].Name
		}
		at[k] = len(decision.Refused)
		decision.Refused = append(decision.Refused, refused)
		wanted += min(n, namedNodes)
	}
	wanted += min(j.passed+j.unknown, namedNodes)
	for i := 0; i < len(r.nodes) && wanted > 0; i++ {
		if j.found[i] == passes {
			if len(decision.Best) < namedNodes {
				decision.Best = append(decision.Best, Rated{Node: string(r.nodes[i].name())})
				wanted--
			}
		} else if names := &decision.Refused[at[j.found[i]]].Names; len(*names) < namedNodes {
			*names = append(*names, string(r.nodes[i].name()))
			wanted--
		}
	}
	d.add(decision)
}

// prioritized keeps what prioritize answered.
func (d *Decisions) prioritized(r *request, v *placement.Verdict, score func(i int) int, start time.Time) {
	if d == nil {
		return
	}
	decision := begun("prioritize", r.pod, len(r.nodes), start)
	decision.Passed = len(r.nodes)
	decision.undecided(v)
	best := make([]int, 0, namedNodes+1)
	for i := range r.nodes {
		if len(best) == namedNodes && score(best[namedNodes-1]) >= score(i) {
			continue
		}
		at, _ := slices.BinarySearchFunc(best, i, func(a, b int) int { return cmp.Or(cmp.Compare(score(b), score(a)), cmp.Compare(a, b)) })
		best = slices.Insert(best, at, i)
		best = best[:min(len(best), namedNodes)]
	}
	for _, i := range best {
		given := score(i)
		decision.Best = append(decision.Best, Rated{Node: string(r.nodes[i].name()), Score: &given})
	}
	d.add(decision)
}

// preempted keeps what preempt answered.
func (d *Decisions) preempted(pod *topology.Pod, asked int, kept []string, start time.Time) {
	if d == nil {
		return
	}
	decision := begun("preempt", pod, asked, start)
	decision.Passed = len(kept)
	slices.Sort(kept)
	for _, node := range kept[:min(len(kept), namedNodes)] {
		decision.Best = append(decision.Best, Rated{Node: node})
	}
	d.add(decision)
}

func (d *Decision) undecided(v *placement.Verdict) {
	for i := range v.Undecided {
		d.Undecided = append(d.Undecided, v.Undecided[i].Detail)
	}
}
