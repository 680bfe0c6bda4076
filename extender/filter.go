// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"context"
	"fmt"
	"net/http"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// filter answers /filter.
func (e *Extender) filter(ctx context.Context, r *request) (answer []byte, status int) {
	if message := e.unsynced(); message != "" {
		return errorAnswer(message), http.StatusOK
	}
	return filterAnswer(make([]byte, 0, answerSize(r)), r, e.refusals(ctx, r)), http.StatusOK
}

// refusals asks the engine about the candidates. A fault in the engine refuses none.
func (e *Extender) refusals(ctx context.Context, r *request) (refusal func(i int) (placement.Reason, bool)) {
	defer func() {
		if fault := recover(); fault != nil {
			e.fault("filter", r.pod, fault)
			refusal = func(int) (placement.Reason, bool) { return 0, false }
		}
	}()
	s, demand := e.demand(ctx, r.pod)
	verdict := e.options.Engine.Filter(s, demand)
	for i := range verdict.Undecided {
		e.metrics.undecided.WithLabelValues(string(verdict.Undecided[i].Cause)).Inc()
	}
	const passes = -1
	// The reason of each candidate is looked up once, since the answer needs it three times.
	found := make([]int16, len(r.nodes))
	var passed, unknown int
	rejected := make([]int, len(verdict.Eliminations))
	for i := range r.nodes {
		found[i] = passes
		node, known := s.NodeIndexOf(r.nodes[i].name)
		switch {
		case !known:
			unknown++
			continue
		case verdict.Feasible.Has(node):
			passed++
			continue
		}
		for j := range verdict.Eliminations {
			if verdict.Eliminations[j].Nodes.Has(node) {
				found[i] = int16(j)
				rejected[j]++
				break
			}
		}
	}
	e.count(verdict, passed, unknown, rejected)
	return func(i int) (placement.Reason, bool) {
		if found[i] == passes {
			return 0, false
		}
		return verdict.Eliminations[found[i]].Reason, true
	}
}

func (e *Extender) count(verdict *placement.Verdict, passed, unknown int, rejected []int) {
	e.metrics.nodes.WithLabelValues("passed").Add(float64(passed))
	e.metrics.nodes.WithLabelValues("unknown").Add(float64(unknown))
	for j, n := range rejected {
		if n > 0 {
			e.metrics.nodes.WithLabelValues("rejected").Add(float64(n))
			e.metrics.rejected(&verdict.Eliminations[j], n)
		}
	}
}

// fault counts and logs a panic.
func (e *Extender) fault(verb string, pod *topology.Pod, fault any) {
	e.metrics.panics.Inc()
	e.options.Logger.Error(fmt.Errorf("%v", fault), "A fault in moorage; the pod is scheduled as if it had no opinion",
		"verb", verb, "pod", pod.Key().String())
}

// answerSize guesses an answer's length: the names, each with a reason.
func answerSize(r *request) int {
	size := 256
	for i := range r.nodes {
		size += len(r.nodes[i].object) + len(r.nodes[i].quoted) + 1
	}
	return size
}
