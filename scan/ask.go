// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/parallel"
	"github.com/moorage-k8s/moorage/topology"
)

// mostAsked is how many different pods, or claims, explain is asked about. Replicas of one template count once.
const mostAsked = 2000

// explained are pods with what explain says of the first of those that are alike.
type explainedPods struct {
	pods []*corev1.Pod
	says *explain.Explanation
}

// explainPods asks explain about pods, those that are alike once, and tells how many were too many.
func (c *Cluster) explainPods(pods []*corev1.Pod) (out []explainedPods, unasked int) {
	groups := explain.Alike(pods)
	for i := mostAsked; i < len(groups); i++ {
		unasked += len(groups[i])
	}
	groups = groups[:min(len(groups), mostAsked)]
	out = make([]explainedPods, len(groups))
	parallel.Each(len(groups), 1, func(i int) {
		q := c.Question(groups[i][0])
		q.Brief = true
		out[i] = explainedPods{groups[i], explain.Pod(q)}
	})
	return out, unasked
}

// explainClaims asks explain about claims; those beyond the most that are asked about have no answer.
func (c *Cluster) explainClaims(keys []topology.Key) map[topology.Key]*explain.ClaimExplanation {
	keys = keys[:min(len(keys), mostAsked)]
	answers := make([]*explain.ClaimExplanation, len(keys))
	parallel.Each(len(keys), 1, func(i int) { answers[i] = c.explainClaim(keys[i]) })
	out := map[topology.Key]*explain.ClaimExplanation{}
	for i, key := range keys {
		if answers[i] != nil {
			out[key] = answers[i]
		}
	}
	return out
}

// explainClaim asks explain about a claim; nil where the snapshot does not have it.
func (c *Cluster) explainClaim(key topology.Key) *explain.ClaimExplanation {
	claim := c.Claims[key]
	if claim == nil {
		return nil
	}
	q := c.Ask
	q.Brief = true
	q.Events = c.Warnings(aboutClaim(claim)...)
	return explain.Claim(q, key)
}

// waiting are the pods that wait for a node, or hang on theirs, in order.
func (c *Cluster) waiting(want func(*corev1.Pod) bool) []*corev1.Pod {
	var out []*corev1.Pod
	for _, pod := range c.Pods {
		if explain.Unstarted(pod) && want(pod) {
			out = append(out, pod)
		}
	}
	slices.SortFunc(out, byName)
	return out
}
