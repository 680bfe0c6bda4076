// SPDX-License-Identifier: Apache-2.0

package filters

import (
	"fmt"
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Generate makes the round of a seed: the same seed gives the same round.
func Generate(seed, round uint64) *Round {
	g := &generator{rng: rand.New(rand.NewPCG(seed, round))}
	g.dials = dials{
		bare: g.dial(), tainted: g.dial(), cordoned: g.dial(), full: g.dial(), ports: g.dial(), guarded: g.dial(), nominated: g.dial(),
		resized: g.dial(), deleting: g.dial(), unreadable: pick(g, 0, 0, 0, 0.1), odd: pick(g, 0, 0, 0.1),
	}
	for _, name := range namespaces {
		labels := map[string]string{"team": pick(g, "red", "blue")}
		if g.chance(0.3) {
			delete(labels, "team")
		}
		g.cluster.Namespaces = append(g.cluster.Namespaces, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}})
	}
	for i := range g.between(1, 10) {
		g.node(fmt.Sprintf("node-%d", i))
	}
	for _, n := range g.cluster.Nodes {
		for range g.rng.IntN(5) {
			p := g.pod()
			p.Spec.NodeName = n.Name
			g.others(p)
			g.cluster.Pods = append(g.cluster.Pods, p)
		}
		for g.chance(g.dials.nominated) {
			p := g.pod()
			p.Status.NominatedNodeName = n.Name
			g.others(p)
			g.cluster.Pods = append(g.cluster.Pods, p)
		}
	}
	astray := g.pod()
	astray.Spec.NodeName = "gone"
	g.cluster.Pods = append(g.cluster.Pods, astray, g.pod())
	out := &Round{Cluster: &g.cluster}
	for range 6 {
		p := g.pod()
		g.judged(p)
		out.Pods = append(out.Pods, p)
	}
	return out
}

// dials are how frequent features are in a round, from 0 to 1. Each round has some often and others never, since a cluster with everything
// at once rejects most nodes, which hides faults.
type dials struct {
	bare, tainted, cordoned, full, ports, guarded, nominated, resized, deleting, unreadable, odd float64
}

type generator struct {
	rng     *rand.Rand
	dials   dials
	cluster Cluster
	pods    int
}

func (g *generator) dial() float64 { return pick(g, 0, 0, 0.1, 0.3, 0.6) }

func (g *generator) chance(p float64) bool { return g.rng.Float64() < p }

// between is a number from low to high, both included.
func (g *generator) between(low, high int) int { return low + g.rng.IntN(high-low+1) }

func pick[T any](g *generator, from ...T) T { return from[g.rng.IntN(len(from))] }

// Names and values that the objects of a round have. The spaces are small, so that objects often speak of one another.
var (
	namespaces = []string{"a", "b", "c"}
	ghost      = "ghost"
	zones      = []string{"z1", "z2", "z3", ""}
	keys       = []string{corev1.LabelTopologyZone, corev1.LabelHostname, "rack"}
	images     = []string{"img"}
)

func (g *generator) node(name string) {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name), Labels: map[string]string{
		corev1.LabelTopologyZone: pick(g, zones[:3]...), corev1.LabelHostname: name, "rack": pick(g, "r1", "r2"), "disk": pick(g, "ssd", "hdd"),
		"cores": pick(g, "4", "8", "many"),
	}}}
	if g.chance(g.dials.odd) {
		n.Labels[corev1.LabelTopologyZone] = ""
	}
	for key := range map[string]bool{corev1.LabelTopologyZone: true} {
		if g.chance(g.dials.bare) {
			delete(n.Labels, key)
		}
	}
	for _, key := range []string{corev1.LabelHostname, "rack", "disk", "cores"} {
		if g.chance(g.dials.bare / 2) {
			delete(n.Labels, key)
		}
	}
	n.Spec.Unschedulable = g.chance(g.dials.cordoned)
	for g.chance(g.dials.tainted) {
		n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{
			Key: pick(g, "dedicated", "level", corev1.TaintNodeUnschedulable), Value: pick(g, "gpu", "5", "9", ""),
			Effect: pick(g, corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute, corev1.TaintEffectPreferNoSchedule),
		})
	}
	amount := func(low, high int) resource.Quantity {
		return *resource.NewQuantity(int64(g.between(low, high)), resource.DecimalSI)
	}
	n.Status.Allocatable = corev1.ResourceList{
		corev1.ResourceCPU: amount(2, 8), corev1.ResourceMemory: amount(2, 8), corev1.ResourceEphemeralStorage: amount(2, 8),
		corev1.ResourcePods: amount(3, 7), "hugepages-2Mi": amount(0, 3),
	}
	if g.chance(g.dials.full) {
		n.Status.Allocatable[corev1.ResourcePods] = amount(0, 3)
	}
	if g.chance(0.6) {
		n.Status.Allocatable["example.com/gpu"] = amount(0, 3)
	}
	n.Status.Capacity = n.Status.Allocatable
	g.cluster.Nodes = append(g.cluster.Nodes, n)
}

// pod is a pod as any may be: labels, resources, ports, anti-affinity.
func (g *generator) pod() *corev1.Pod {
	name := fmt.Sprintf("pod-%d", g.pods)
	g.pods++
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: pick(g, namespaces...), Name: name, UID: types.UID(name),
		Labels: map[string]string{"app": pick(g, "x", "y", "z"), "tier": pick(g, "t1", "t2"), "version": pick(g, "v1", "v2")},
	}}
	if g.chance(g.dials.odd) {
		p.Namespace = ghost
	}
	for _, key := range []string{"app", "tier", "version"} {
		if g.chance(0.1) {
			delete(p.Labels, key)
		}
	}
	p.Spec.SchedulerName = corev1.DefaultSchedulerName
	if g.chance(0.5) {
		p.Spec.Priority = new(int32(g.between(0, 2)))
	}
	g.containers(p)
	if g.chance(g.dials.guarded) {
		p.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: g.terms(p)}}
	}
	return p
}

// others are what may be with a pod that exists.
func (g *generator) others(p *corev1.Pod) {
	if g.chance(g.dials.deleting) {
		p.DeletionTimestamp = &metav1.Time{Time: metav1.Unix(1_700_000_000, 0).Time}
	}
	if g.chance(g.dials.odd) {
		p.Status.Phase = pick(g, corev1.PodSucceeded, corev1.PodFailed, corev1.PodRunning)
	}
	if g.chance(g.dials.resized) {
		g.resize(p)
	}
}

// judged is what a pod to be judged may ask for beside.
func (g *generator) judged(p *corev1.Pod) {
	for g.chance(0.4) {
		p.Spec.Tolerations = append(p.Spec.Tolerations, corev1.Toleration{
			Key: pick(g, "dedicated", "level", corev1.TaintNodeUnschedulable, ""), Value: pick(g, "gpu", "5", "7", ""),
			Operator: pick(g, "", corev1.TolerationOpEqual, corev1.TolerationOpExists, corev1.TolerationOpLt, corev1.TolerationOpGt),
			Effect:   pick(g, "", corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute),
		})
	}
	if g.chance(0.1) {
		p.Spec.NodeName = fmt.Sprintf("node-%d", g.between(0, 9))
	}
	g.nodeAffinity(p)
	if g.chance(0.4) {
		p.Spec.TopologySpreadConstraints = g.spread()
	}
	if g.chance(0.3) {
		if p.Spec.Affinity == nil {
			p.Spec.Affinity = &corev1.Affinity{}
		}
		p.Spec.Affinity.PodAffinity = &corev1.PodAffinity{RequiredDuringSchedulingIgnoredDuringExecution: g.terms(p)}
	}
	if g.chance(g.dials.unreadable) {
		if p.Spec.Affinity == nil {
			p.Spec.Affinity = &corev1.Affinity{}
		}
		unreadable := corev1.PodAffinityTerm{TopologyKey: "rack", LabelSelector: g.unreadable()}
		p.Spec.Affinity.PodAffinity = &corev1.PodAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{
			{Weight: 1, PodAffinityTerm: unreadable},
		}}
	}
	if g.chance(0.05) {
		p.Status.NominatedNodeName = "node-0"
	}
}
