// SPDX-License-Identifier: Apache-2.0

package filters_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/moorage-k8s/moorage/e2e/filters"
	"github.com/moorage-k8s/moorage/nodefit"
)

const blameRounds = 400

// On random clusters, what a verdict blames for rejecting a node is to blame, all of it and nothing else: where exactly that is changed the
// filter passes the node, and as long as any one of it is left it does not.
func TestOnlyTheGuiltyAreBlamed(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("seed %d", *seed)
	seen := map[string]int{}
	faults := 0
	for n := range uint64(blameRounds) {
		round := filters.Generate(*seed, n)
		cluster := round.Cluster.Nodefit()
		for _, pod := range round.Pods {
			v := cluster.Judge(pod)
			for e := range v.Eliminations {
				for i := range v.Eliminations[e].Nodes.All() {
					b := &blame{cluster: cluster, pod: pod, e: &v.Eliminations[e], node: i, evidence: v.Because(&v.Eliminations[e], i)}
					seen[b.e.Filter+": "+b.e.Text]++
					b.check()
					for _, wrong := range b.wrong {
						t.Errorf("seed %d, round %d, pod %s, node %s, %s (%s): %s\nevidence: %+v", *seed, n, pod.Name, cluster.Node(i).Name,
							b.e.Filter, b.e.Text, wrong, b.evidence)
						if faults++; faults == 10 {
							t.Fatal("and so on")
						}
					}
				}
			}
		}
	}
	for _, of := range filters.Plugins {
		total := 0
		for text, n := range seen {
			if len(text) > len(of) && text[:len(of)] == of {
				total += n
				t.Logf("%7d %s", n, text)
			}
		}
		if total < 100 {
			t.Errorf("%s rejects %d nodes: the rounds show little", of, total)
		}
	}
}

// blame is one elimination of one node.
type blame struct {
	cluster  *nodefit.Cluster
	pod      *corev1.Pod
	e        *nodefit.Elimination
	node     int
	evidence nodefit.Evidence
	wrong    []string
}

// what may be changed: the pod, the node, or who is there.
type change struct {
	name string
	pod  func(*corev1.Pod)
	node func(*corev1.Node)
	gone *nodefit.Pod
	// almost is a change that is just too little, for what has an amount.
	almost *change
	// only is set for what decides nothing by itself.
	only bool
}

func (b *blame) check() {
	for _, changes := range b.changes() {
		if len(changes) == 0 {
			b.wrong = append(b.wrong, "nothing is blamed")
			continue
		}
		if b.rejected(changes) {
			b.wrong = append(b.wrong, fmt.Sprintf("rejected without all of %s", names(changes)))
		}
		for k := range changes {
			if changes[k].only {
				continue
			}
			rest := slices.Delete(slices.Clone(changes), k, k+1)
			if changes[k].almost != nil {
				rest = append(rest, *changes[k].almost)
			}
			if !b.rejected(rest) {
				b.wrong = append(b.wrong, fmt.Sprintf("passed with %s left, of %s", changes[k].name, names(changes)))
			}
		}
	}
}

func names(changes []change) (out []string) {
	for _, c := range changes {
		out = append(out, c.name)
	}
	return out
}

// rejected reports whether the node is rejected for the same cause after the changes.
func (b *blame) rejected(changes []change) bool {
	pod, node, draft := b.pod.DeepCopy(), b.cluster.Node(b.node).DeepCopy(), b.cluster.Draft()
	for _, c := range changes {
		switch {
		case c.pod != nil:
			c.pod(pod)
		case c.node != nil:
			c.node(node)
		case c.gone != nil:
			draft.RemovePods(c.gone)
		}
	}
	draft.PutNode(node)
	v := draft.Cluster().Judge(pod)
	return slices.ContainsFunc(v.Eliminations, func(o nodefit.Elimination) bool {
		return o.Filter == b.e.Filter && o.Text == b.e.Text && o.Resource == b.e.Resource && o.Constraint == b.e.Constraint && o.Nodes.Has(b.node)
	})
}

// changes are ways to be passed, each of which must do, and must need all that is in it.
func (b *blame) changes() [][]change {
	switch b.e.Filter {
	case nodefit.NodeName:
		return [][]change{{{name: "node name", pod: func(p *corev1.Pod) { p.Spec.NodeName = "" }}}}
	case nodefit.NodeUnschedulable:
		return [][]change{{{name: "cordon", node: func(n *corev1.Node) { n.Spec.Unschedulable = false }}}}
	case nodefit.TaintToleration:
		return [][]change{b.taints()}
	case nodefit.NodeAffinity:
		return b.affinity()
	case nodefit.NodePorts:
		var pods []*nodefit.Pod
		for _, port := range b.evidence.Ports {
			pods = append(pods, port.Pods...)
		}
		return [][]change{b.pods(pods)}
	case nodefit.NodeResourcesFit:
		lack := b.evidence.Wanted - (b.evidence.Allocatable - b.evidence.Taken)
		room, almost := b.room(lack), b.room(lack-1)
		room.almost = &almost
		return [][]change{{room}}
	case nodefit.PodTopologySpread:
		return [][]change{{b.spread()}}
	default:
		if len(b.evidence.Affinity) > 0 {
			return [][]change{b.terms()}
		}
		return [][]change{b.pods(b.evidence.Apart)}
	}
}

func (b *blame) taints() (out []change) {
	var done []corev1.Taint
	for _, taint := range b.evidence.Taints {
		if slices.Contains(done, taint) {
			continue
		}
		done = append(done, taint)
		out = append(out, change{name: taint.ToString(), node: func(n *corev1.Node) {
			n.Spec.Taints = slices.DeleteFunc(n.Spec.Taints, func(t corev1.Taint) bool { return t == taint })
		}})
	}
	return out
}

func (b *blame) affinity() [][]change {
	var selector []change
	for name := range b.evidence.Selector {
		selector = append(selector, change{name: name, pod: func(p *corev1.Pod) { delete(p.Spec.NodeSelector, name) }})
	}
	if len(b.evidence.Terms) == 0 {
		return [][]change{selector}
	}
	out := [][]change{append(slices.Clone(selector), change{name: "affinity", pod: func(p *corev1.Pod) { p.Spec.Affinity.NodeAffinity = nil }})}
	for _, term := range b.evidence.Terms {
		way := slices.Clone(selector)
		replace := func(r corev1.NodeSelectorRequirement, list func(*corev1.NodeSelectorTerm) []corev1.NodeSelectorRequirement, with corev1.NodeSelectorRequirement) {
			way = append(way, change{name: fmt.Sprint(r), pod: func(p *corev1.Pod) {
				requirements := list(&p.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[term.Number])
				for k := range requirements {
					if fmt.Sprint(requirements[k]) == fmt.Sprint(r) {
						requirements[k] = with
						return
					}
				}
			}})
		}
		for _, r := range term.Expressions {
			replace(r, func(t *corev1.NodeSelectorTerm) []corev1.NodeSelectorRequirement { return t.MatchExpressions },
				corev1.NodeSelectorRequirement{Key: "none", Operator: corev1.NodeSelectorOpDoesNotExist})
		}
		for _, r := range term.Fields {
			replace(r, func(t *corev1.NodeSelectorTerm) []corev1.NodeSelectorRequirement { return t.MatchFields },
				corev1.NodeSelectorRequirement{Key: "metadata.name", Operator: corev1.NodeSelectorOpNotIn, Values: []string{"none"}})
		}
		if len(way) > len(selector) {
			out = append(out, way)
		}
	}
	return out
}

func (b *blame) pods(pods []*nodefit.Pod) (out []change) {
	own := b.pod.Spec.Affinity != nil && (b.pod.Spec.Affinity.PodAffinity != nil || b.pod.Spec.Affinity.PodAntiAffinity != nil)
	for k, p := range pods {
		if slices.Contains(pods[:k], p) {
			continue
		}
		// kube-scheduler leaves InterPodAffinity out, nominated pods and all, where nobody else keeps the pod away.
		out = append(out, change{name: p.Name, gone: p, only: b.e.Filter == nodefit.InterPodAffinity && !own && p.Node == ""})
	}
	return out
}

// room is more of a resource on the node.
func (b *blame) room(more int64) change {
	name := b.e.Resource
	return change{name: fmt.Sprintf("%d of %s", more, name), node: func(n *corev1.Node) {
		has := n.Status.Allocatable[name]
		if name == corev1.ResourceCPU {
			n.Status.Allocatable[name] = *resource.NewMilliQuantity(has.MilliValue()+more, resource.DecimalSI)
		} else {
			n.Status.Allocatable[name] = *resource.NewQuantity(has.Value()+more, resource.DecimalSI)
		}
	}}
}

func (b *blame) spread() change {
	s, number := b.evidence.Spread, b.e.Constraint
	if s.Missing {
		return change{name: "constraint", pod: func(p *corev1.Pod) {
			p.Spec.TopologySpreadConstraints[number].WhenUnsatisfiable = corev1.ScheduleAnyway
		}}
	}
	more := func(n int) change {
		return change{name: fmt.Sprintf("skew by %d", n), pod: func(p *corev1.Pod) { p.Spec.TopologySpreadConstraints[number].MaxSkew += int32(n) }}
	}
	excess := s.Pods + s.Self - s.Least - int(s.Constraint.MaxSkew)
	room, almost := more(excess), more(excess-1)
	room.almost = &almost
	return room
}

// terms are the pod's affinity terms that are to blame; a term that is left stays what it is.
func (b *blame) terms() (out []change) {
	for _, number := range b.evidence.Affinity {
		term := b.pod.Spec.Affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution[number]
		out = append(out, change{name: fmt.Sprintf("term %d", number), pod: func(p *corev1.Pod) {
			terms := &p.Spec.Affinity.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution
			for k := range *terms {
				if fmt.Sprint((*terms)[k]) == fmt.Sprint(term) {
					*terms = slices.Delete(*terms, k, k+1)
					return
				}
			}
		}})
	}
	return out
}
