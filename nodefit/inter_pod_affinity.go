// SPDX-License-Identifier: Apache-2.0

package nodefit

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/moorage-k8s/moorage/internal/upstream"
)

// interPodAffinity rejects nodes where the pod's required affinity finds no pod, and those where the required anti-affinity of the pod, or of
// a pod that is there, keeps them apart. Preferred terms reject nothing.
func interPodAffinity(q *query) (ruling, error) {
	p := &company{q: q, labels: q.pod.Labels}
	if err := p.read(); err != nil {
		return nil, err
	}
	p.lookAround()
	// kube-scheduler then leaves the filter out altogether, so that nominated pods keep nobody away.
	if len(p.guarded) == 0 && len(p.affinity) == 0 && len(p.anti) == 0 {
		return nil, nil
	}
	return p, nil
}

// read reads the pod's own terms.
func (p *company) read() error {
	a := p.q.pod.Spec.Affinity
	if a == nil {
		return nil
	}
	var err error
	if a.PodAffinity != nil {
		if p.affinity, err = readTerms(p.q.pod.Namespace, a.PodAffinity.RequiredDuringSchedulingIgnoredDuringExecution); err != nil {
			return fmt.Errorf("read the pod's affinity: %w", err)
		}
		for i := range a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
			preferred := &a.PodAffinity.PreferredDuringSchedulingIgnoredDuringExecution[i].PodAffinityTerm
			if _, err = readTerms(p.q.pod.Namespace, []corev1.PodAffinityTerm{*preferred}); err != nil {
				return fmt.Errorf("read the pod's preferred affinity: %w", err)
			}
		}
	}
	if a.PodAntiAffinity != nil {
		if p.anti, err = readTerms(p.q.pod.Namespace, a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution); err != nil {
			return fmt.Errorf("read the pod's anti-affinity: %w", err)
		}
		for i := range a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
			preferred := &a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution[i].PodAffinityTerm
			if _, err = readTerms(p.q.pod.Namespace, []corev1.PodAffinityTerm{*preferred}); err != nil {
				return fmt.Errorf("read the pod's preferred anti-affinity: %w", err)
			}
		}
	}
	p.leaveOpen()
	return nil
}

// leaveOpen drops terms that mean namespaces by labels which are not known.
func (p *company) leaveOpen() {
	if p.q.c.namespaces != nil || !slices.ContainsFunc(slices.Concat(p.affinity, p.anti), term.asksForNamespaces) {
		return
	}
	p.q.leaveOpen("the labels of namespaces are not known, so the pod's affinity is not looked at where it has a namespaceSelector")
	if slices.ContainsFunc(p.affinity, term.asksForNamespaces) {
		// A pod must meet all terms at once.
		p.affinity = nil
	}
	p.anti = slices.DeleteFunc(p.anti, term.asksForNamespaces)
}

// domain is the nodes with one value of a label.
type domain struct{ key, value string }

// company is the pods that a pod wants near, or not near, and those that do not want it.
type company struct {
	q              *query
	labels         labels.Set
	affinity, anti []term
	// together is how many pods meet all of the pod's affinity terms at once, in each domain of each term; apart those that its anti-affinity
	// means; guarded those whose anti-affinity means the pod.
	together, apart, guarded map[domain]int
	// What follows is for evidence, and made when it is first asked for.
	apartBy, guardedBy map[domain][]*Pod
	fewer              map[string]*company
}

// lookAround counts the pods on all nodes.
func (p *company) lookAround() {
	p.together, p.apart, p.guarded = map[domain]int{}, map[domain]int{}, map[domain]int{}
	for _, n := range p.q.c.nodes {
		for _, o := range n.guarded {
			p.count(p.guarded, n, p.guards(o))
		}
		if len(p.affinity) == 0 && len(p.anti) == 0 {
			continue
		}
		for _, o := range n.pods {
			if p.meetsAll(p.affinity, o) {
				p.count(p.together, n, keysOf(p.affinity))
			}
			p.count(p.apart, n, p.shuns(o))
		}
	}
}

func (p *company) count(into map[domain]int, n *node, keys []string) {
	for _, name := range keys {
		if value, ok := n.object.Labels[name]; ok {
			into[domain{name, value}]++
		}
	}
}

func keysOf(terms []term) []string {
	keys := make([]string, len(terms))
	for i := range terms {
		keys[i] = terms[i].topologyKey
	}
	return keys
}

// guards are the topology keys of the anti-affinity terms of o that mean the pod.
func (p *company) guards(o *Pod) (keys []string) {
	for i := range o.antiAffinity {
		t := &o.antiAffinity[i]
		if p.q.c.namespaces == nil && t.asksForNamespaces() {
			if !slices.Contains(t.namespaces, p.q.pod.Namespace) {
				continue
			}
		} else if !t.names(p.q.pod.Namespace, p.q.c.namespaces[p.q.pod.Namespace]) {
			continue
		}
		if t.selector.Matches(p.labels) {
			keys = append(keys, t.topologyKey)
		}
	}
	return keys
}

// shuns are the topology keys of the pod's anti-affinity terms that mean o.
func (p *company) shuns(o *Pod) (keys []string) {
	for i := range p.anti {
		if p.means(&p.anti[i], o.Namespace, o.Labels) {
			keys = append(keys, p.anti[i].topologyKey)
		}
	}
	return keys
}

// means reports whether a term of the pod means a pod of that namespace with these labels. Of a namespace that does not exist, only its
// name is known.
func (p *company) means(t *term, namespace string, pod labels.Set) bool {
	of, known := p.q.c.namespaces[namespace]
	if !known && !t.within.Empty() {
		return slices.Contains(t.namespaces, namespace) && t.selector.Matches(pod)
	}
	return t.names(namespace, of) && t.selector.Matches(pod)
}

func (p *company) meetsAll(terms []term, o *Pod) bool {
	for i := range terms {
		if !p.means(&terms[i], o.Namespace, o.Labels) {
			return false
		}
	}
	return len(terms) > 0
}

// first reports whether the pod would be the first of a group that wants to be together: no pod anywhere meets its terms, and it does
// itself.
func (p *company) first(terms []term, anywhere bool) bool {
	if anywhere {
		return false
	}
	for i := range terms {
		if !p.means(&terms[i], p.q.pod.Namespace, p.labels) {
			return false
		}
	}
	return true
}

func (p *company) causes(at place, report func(Cause)) {
	beside := p.beside(at)
	if !beside.welcome(at.node) {
		report(Cause{Text: upstream.PodAffinity, Unresolvable: true})
	}
	if p.anyOf(beside.apart, at.node, keysOf(p.anti)) {
		report(Cause{Text: upstream.PodAntiAffinity})
	}
	for key, value := range at.object.Labels {
		if beside.guarded[domain{key, value}] > 0 {
			report(Cause{Text: upstream.ExistingAntiAffinity})
			break
		}
	}
}

func (p *company) anyOf(counts map[domain]int, n *node, keys []string) bool {
	for _, name := range keys {
		if value, ok := n.object.Labels[name]; ok && counts[domain{name, value}] > 0 {
			return true
		}
	}
	return false
}

// welcome reports whether the pod's affinity is met on the node: in the domain of each term is a pod that meets all of them, though not
// necessarily the same pod in each.
func (p *company) welcome(n *node) bool {
	met := true
	for i := range p.affinity {
		value, ok := n.object.Labels[p.affinity[i].topologyKey]
		if !ok {
			return false
		}
		met = met && p.together[domain{p.affinity[i].topologyKey, value}] > 0
	}
	return met || p.first(p.affinity, len(p.together) > 0)
}

// beside is the company if the pods that are nominated for the node were there.
func (p *company) beside(at place) *company {
	if len(at.expected) == 0 {
		return p
	}
	out := *p
	out.together, out.apart, out.guarded = map[domain]int{}, map[domain]int{}, map[domain]int{}
	for name, value := range at.object.Labels {
		d := domain{name, value}
		for _, both := range [][2]map[domain]int{{p.together, out.together}, {p.apart, out.apart}, {p.guarded, out.guarded}} {
			if n := both[0][d]; n > 0 {
				both[1][d] = n
			}
		}
	}
	// Whether there is any pod elsewhere matters to the first of a group.
	for d, n := range p.together {
		out.together[d] = n
		break
	}
	for _, o := range at.expected {
		p.count(out.guarded, at.node, p.guards(o))
		if p.meetsAll(p.affinity, o) {
			p.count(out.together, at.node, keysOf(p.affinity))
		}
		p.count(out.apart, at.node, p.shuns(o))
	}
	return &out
}
