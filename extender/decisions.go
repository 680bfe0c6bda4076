// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"cmp"
	"slices"
	"time"

	"github.com/moorage-k8s/moorage/extender/decisions"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// namedNodes is how many nodes a decision names, of each sort: what a decision takes in memory does not grow with the
// cluster.
const namedNodes = 5

func begun(verb string, pod *topology.Pod, asked int, start time.Time) decisions.Decision {
	return decisions.Decision{
		Time: start, Verb: verb, Pod: pod.Key().String(), UID: string(pod.UID), Asked: asked,
		Milliseconds: float64(time.Since(start).Microseconds()) / 1000,
	}
}

// keepFiltered keeps what filter answered.
func (e *Extender) keepFiltered(r *request, j *judgement, start time.Time) {
	if e.options.Decisions == nil {
		return
	}
	decision := begun("filter", r.pod, len(r.nodes), start)
	decision.Passed, decision.Unknown, decision.Group = j.passed+j.unknown, j.unknown, j.group
	decision.Undecided = undecided(j.verdict)
	at := make([]int, len(j.rejected))
	wanted := 0
	for k, n := range j.rejected {
		if n == 0 {
			continue
		}
		by := &j.verdict.Eliminations[k]
		refused := decisions.Refused{Predicate: by.Predicate, Reason: by.Reason.String(), Nodes: n}
		if by.Volume != placement.PodLevel && by.Volume < len(r.pod.Volumes) {
			refused.Volume = r.pod.Volumes[by.Volume].Name
		}
		at[k] = len(decision.Refused)
		decision.Refused = append(decision.Refused, refused)
		wanted += min(n, namedNodes)
	}
	wanted += min(j.passed+j.unknown, namedNodes)
	for i := 0; i < len(r.nodes) && wanted > 0; i++ {
		if j.found[i] == passes {
			if len(decision.Best) < namedNodes {
				decision.Best = append(decision.Best, decisions.Rated{Node: string(r.nodes[i].name())})
				wanted--
			}
		} else if names := &decision.Refused[at[j.found[i]]].Names; len(*names) < namedNodes {
			*names = append(*names, string(r.nodes[i].name()))
			wanted--
		}
	}
	e.options.Decisions.Add(decision)
}

// keepPrioritized keeps what prioritize answered.
func (e *Extender) keepPrioritized(r *request, v *placement.Verdict, score func(i int) int, start time.Time) {
	if e.options.Decisions == nil {
		return
	}
	decision := begun("prioritize", r.pod, len(r.nodes), start)
	decision.Passed = len(r.nodes)
	decision.Undecided = undecided(v)
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
		decision.Best = append(decision.Best, decisions.Rated{Node: string(r.nodes[i].name()), Score: &given})
	}
	e.options.Decisions.Add(decision)
}

// keepPreempted keeps what preempt answered.
func (e *Extender) keepPreempted(pod *topology.Pod, asked int, kept []string, start time.Time) {
	if e.options.Decisions == nil {
		return
	}
	decision := begun("preempt", pod, asked, start)
	decision.Passed = len(kept)
	slices.Sort(kept)
	for _, node := range kept[:min(len(kept), namedNodes)] {
		decision.Best = append(decision.Best, decisions.Rated{Node: node})
	}
	e.options.Decisions.Add(decision)
}

func undecided(v *placement.Verdict) (details []string) {
	for i := range v.Undecided {
		details = append(details, v.Undecided[i].Detail)
	}
	return details
}
