// SPDX-License-Identifier: Apache-2.0

package nodefit

import (
	"fmt"
	"slices"

	"github.com/moorage-k8s/moorage/internal/upstream"
)

func (p *company) because(at place, why Cause) (out Evidence) {
	switch why.Text {
	case upstream.PodAffinity:
		out.Affinity = p.lonely(at)
		for _, i := range out.Affinity {
			name := p.affinity[i].topologyKey
			if _, ok := at.object.Labels[name]; !ok && !slices.Contains(out.Missing, name) {
				out.Missing = append(out.Missing, name)
			}
		}
	case upstream.PodAntiAffinity:
		if p.apartBy == nil {
			p.apartBy = p.byDomain(p.shuns)
		}
		out.Apart = p.near(at, p.apartBy, p.shuns)
	default:
		if p.guardedBy == nil {
			p.guardedBy = p.byDomain(p.guards)
		}
		out.Apart = p.near(at, p.guardedBy, p.guards)
	}
	return out
}

// byDomain are the pods for which the function gives a topology key, by their domains of it.
func (p *company) byDomain(keys func(*Pod) []string) map[domain][]*Pod {
	out := map[domain][]*Pod{}
	for _, n := range p.q.c.nodes {
		for _, o := range n.pods {
			for _, name := range keys(o) {
				if value, ok := n.object.Labels[name]; ok {
					out[domain{name, value}] = append(out[domain{name, value}], o)
				}
			}
		}
	}
	return out
}

// near are the pods in a domain of the node, and those that are nominated for it.
func (p *company) near(at place, byDomain map[domain][]*Pod, keys func(*Pod) []string) []*Pod {
	seen := map[*Pod]bool{}
	var out []*Pod
	note := func(o *Pod) {
		if !seen[o] {
			seen[o] = true
			out = append(out, o)
		}
	}
	for d, pods := range byDomain {
		if value, ok := at.object.Labels[d.key]; ok && value == d.value {
			for _, o := range pods {
				note(o)
			}
		}
	}
	for _, o := range at.expected {
		if slices.ContainsFunc(keys(o), func(name string) bool { _, ok := at.object.Labels[name]; return ok }) {
			note(o)
		}
	}
	slices.SortFunc(out, comparePods)
	return out
}

// lonely are as few of the pod's affinity terms as will do: without all of them the node would be passed, and as long as one of them is left
// it is not.
func (p *company) lonely(at place) []int {
	var blamed []int
	for i := range p.affinity {
		blamed = append(blamed, i)
	}
	for again := true; again; {
		again = false
		for k := range blamed {
			fewer := slices.Delete(slices.Clone(blamed), k, k+1)
			if p.welcomeWithout(at, fewer) {
				blamed, again = fewer, true
				break
			}
		}
	}
	return blamed
}

// welcomeWithout reports whether the node would be passed, with the nominated pods and without, if the pod did not have some of its affinity
// terms.
func (p *company) welcomeWithout(at place, without []int) bool {
	name := fmt.Sprint(without)
	fewer := p.fewer[name]
	if fewer == nil {
		fewer = &company{q: p.q, labels: p.labels}
		for i := range p.affinity {
			if !slices.Contains(without, i) {
				fewer.affinity = append(fewer.affinity, p.affinity[i])
			}
		}
		fewer.lookAround()
		if p.fewer == nil {
			p.fewer = map[string]*company{}
		}
		p.fewer[name] = fewer
	}
	for _, beside := range p.q.places(at.node) {
		if !fewer.beside(beside).welcome(at.node) {
			return false
		}
	}
	return true
}
