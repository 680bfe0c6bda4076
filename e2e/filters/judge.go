// SPDX-License-Identifier: Apache-2.0

package filters

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/nodefit"
)

// Disagreement is what both sides say differently.
type Disagreement struct {
	Round  uint64
	Plugin string
	Pod    *corev1.Pod
	Node   string
	// InTree and Moorage are what each side says.
	InTree, Moorage string
	Cluster         *Cluster
}

// Judge compares both sides. It is not safe for concurrent use.
type Judge struct {
	Tally  Tally
	intree *InTree
}

// NewJudge returns a judge. What it starts ends with ctx.
func NewJudge(ctx context.Context) (*Judge, error) {
	intree, err := NewInTree(ctx)
	return &Judge{intree: intree, Tally: newTally()}, err
}

// Nodefit is the cluster as nodefit has it.
func (c *Cluster) Nodefit() *nodefit.Cluster {
	return nodefit.New(c.objects(), nodefit.Config{IgnoredResources: []string{ignoredResource}, IgnoredResourceGroups: []string{ignoredGroup}})
}

func (c *Cluster) objects() nodefit.Objects {
	o := nodefit.Objects{Nodes: c.Nodes, Namespaces: map[string]map[string]string{}}
	for _, p := range c.Pods {
		o.Pods = append(o.Pods, nodefit.PodFromAPI(p))
	}
	for _, n := range c.Namespaces {
		o.Namespaces[n.Name] = n.Labels
	}
	return o
}

// Round judges one round.
func (j *Judge) Round(seed, number uint64) ([]Disagreement, error) {
	round := Generate(seed, number)
	if err := j.intree.Load(round.Cluster); err != nil {
		return nil, err
	}
	cluster := round.Cluster.Nodefit()
	var found []Disagreement
	for _, pod := range round.Pods {
		for _, d := range j.pod(cluster, pod) {
			d.Round, d.Pod, d.Cluster = number, pod, round.Cluster
			found = append(found, d)
		}
	}
	j.Tally.Rounds++
	return found, nil
}

func (j *Judge) pod(c *nodefit.Cluster, pod *corev1.Pod) []Disagreement {
	var found []Disagreement
	verdict := c.Judge(pod)
	feasible := make([]bool, c.NumNodes())
	for i := range feasible {
		feasible[i] = true
	}
	for _, plugin := range Plugins {
		for i, want := range j.intree.Rule(plugin, pod) {
			j.Tally.count(plugin, want)
			feasible[i] = feasible[i] && !want.Rejected
			got := rulingOf(verdict, plugin, i)
			if want.Unreadable {
				want = Ruling{Unreadable: verdict.Unreadable != nil && (verdict.Unreadable.Filter == plugin || plugin == nodefit.InterPodAffinity)}
				if want.Unreadable {
					continue
				}
			}
			if !agree(want, got) {
				found = append(found, Disagreement{Plugin: plugin, Node: c.Node(i).Name, InTree: fmt.Sprintf("%+v", want), Moorage: fmt.Sprintf("%+v", got)})
			}
		}
	}
	for i, fits := range feasible {
		if fits != verdict.Feasible.Has(i) {
			found = append(found, Disagreement{Plugin: "feasible", Node: c.Node(i).Name, InTree: fmt.Sprint(fits), Moorage: fmt.Sprint(!fits)})
		}
	}
	if want := j.intree.Message(pod); want != "" {
		j.Tally.Messages++
		if got := verdict.Foretell(nil, nil); got != want {
			found = append(found, Disagreement{Plugin: "message", InTree: want, Moorage: got})
		}
	}
	return found
}

// rulingOf is what nodefit says of node i for one filter, with every cause.
func rulingOf(v *nodefit.Verdict, filter string, i int) Ruling {
	var r Ruling
	for e := range v.Eliminations {
		if v.Eliminations[e].Filter == filter && v.Eliminations[e].Nodes.Has(i) {
			r.Rejected = true
			r.Reasons = append(r.Reasons, v.Eliminations[e].Text)
			r.Unresolvable = r.Unresolvable || v.Eliminations[e].Unresolvable
		}
	}
	slices.Sort(r.Reasons)
	return r
}

// agree reports whether both sides say the same. Where in-tree stops at the first reason, nodefit may have more; which comes first is for the
// message to show.
func agree(want, got Ruling) bool {
	if want.Rejected != got.Rejected {
		return false
	}
	if !want.Rejected {
		return true
	}
	for _, reason := range want.Reasons {
		if !slices.Contains(got.Reasons, reason) {
			return false
		}
	}
	if len(want.Reasons) == len(got.Reasons) {
		return want.Unresolvable == got.Unresolvable
	}
	return !strings.HasPrefix(want.Reasons[0], "Insufficient") && (got.Unresolvable || !want.Unresolvable)
}
