// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/moorage-k8s/moorage/extender/decisions"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// filter answers /filter.
func (e *Extender) filter(ctx context.Context, r *request, out []byte) (answer []byte, status int) {
	if message := e.unsynced(); message != "" {
		return errorAnswer(message), http.StatusOK
	}
	return filterAnswer(out, r, e.refusals(ctx, r)), http.StatusOK
}

// refusals asks the engine about the candidates. A fault in the engine refuses none.
func (e *Extender) refusals(ctx context.Context, r *request) (refusal func(i int) (placement.Reason, bool)) {
	defer func() {
		if fault := recover(); fault != nil {
			e.fault("filter", r.pod, fault)
			refusal = func(int) (placement.Reason, bool) { return 0, false }
		}
	}()
	if r.fault != nil {
		panic(r.fault)
	}
	if r.dry {
		return e.dryFilter(r)
	}
	start := time.Now()
	s, demand := e.demand(ctx, r)
	e.placements.begin(r, s)
	j := e.decide(ctx, r, s, demand)
	if j.nowhere() && j.group == nil && e.placements.mayLook(r.group) {
		j = e.lookAgain(ctx, r, j)
	}
	e.count(&j)
	e.keepFiltered(r, &j, start)
	e.noteHeldBack(r, &j)
	return j.refusal
}

// judgement is what the engine says of the candidates on one snapshot.
type judgement struct {
	snapshot *topology.Snapshot
	verdict  *placement.Verdict
	// found is for each candidate the elimination that refuses it, or passes.
	found []int16
	// left are the nodes that pass, of the snapshot.
	left            topology.NodeSet
	passed, unknown int
	rejected        []int // by elimination
	// group is set where the members of the pod's own group leave it no room.
	group *decisions.Group
}

// passes stands for no elimination.
const passes = -1

// nowhere tells that no candidate is left.
func (j *judgement) nowhere() bool { return j.passed+j.unknown == 0 }

func (j *judgement) refusal(i int) (placement.Reason, bool) {
	if j.found[i] == passes {
		return 0, false
	}
	return j.verdict.Eliminations[j.found[i]].Reason, true
}

// judge looks the reason of each candidate up once, since the answer needs it three times.
func (e *Extender) judge(r *request, s *topology.Snapshot, demand *placement.Demand, pending []placement.Pending) judgement {
	verdict := e.options.Engine.Filter(s, demand, pending...)
	if len(pending) == 0 {
		e.judged.keep(&judged{r.pod.UID, s, demand, verdict})
	}
	return e.judgeAs(r, s, verdict)
}

// judgeAs is what a verdict says of the candidates.
func (e *Extender) judgeAs(r *request, s *topology.Snapshot, verdict *placement.Verdict) judgement {
	j := judgement{
		snapshot: s, verdict: verdict, left: topology.NewNodeSet(s.NumNodes()),
		found: make([]int16, len(r.nodes)), rejected: make([]int, len(verdict.Eliminations)),
	}
	for i := range r.nodes {
		j.found[i] = passes
		node, known := s.NodeIndexOf(r.nodes[i].name())
		switch {
		case !known:
			j.unknown++
			continue
		case verdict.Feasible.Has(node):
			j.passed++
			j.left.Add(node)
			continue
		}
		for k := range verdict.Eliminations {
			if verdict.Eliminations[k].Nodes.Has(node) {
				j.found[i] = int16(k)
				j.rejected[k]++
				break
			}
		}
	}
	return j
}

func (e *Extender) count(j *judgement) {
	for i := range j.verdict.Undecided {
		e.metrics.undecided.WithLabelValues(string(j.verdict.Undecided[i].Cause)).Inc()
	}
	e.metrics.nodes.WithLabelValues("passed").Add(float64(j.passed))
	e.metrics.nodes.WithLabelValues("unknown").Add(float64(j.unknown))
	for k, n := range j.rejected {
		if n > 0 {
			e.metrics.nodes.WithLabelValues("rejected").Add(float64(n))
			e.metrics.rejected(&j.verdict.Eliminations[k], n)
		}
	}
}

// fault counts and logs a panic, and apart from those a pod that is too large to be read, which is not a fault of moorage.
func (e *Extender) fault(verb string, pod *topology.Pod, fault any) {
	if fault == any(errLargePod) {
		e.metrics.undecided.WithLabelValues("pod-too-large").Inc()
		e.options.Logger.V(1).Info("A pod is too large to be read; it is scheduled as if moorage had no opinion", "verb", verb)
		return
	}
	e.metrics.panics.Inc()
	e.options.Logger.Error(fmt.Errorf("%v", fault), "A fault in moorage; the pod is scheduled as if it had no opinion",
		"verb", verb, "pod", pod.Key().String())
}
