// SPDX-License-Identifier: Apache-2.0

package output

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/explain/joint"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/nodefit"
)

// lacks fills in what each node lacks.
func (w causeWords) lacks(e *explain.Explanation) []explain.Node {
	if e.Together == nil {
		return e.Nodes
	}
	nodes := slices.Clone(e.Nodes)
	for i := range nodes {
		for _, lack := range e.Together.Lacks[i] {
			c := &e.Together.Constraints[lack.Constraint]
			told := explain.Lack{By: byFilter, Name: c.Filter, Evidence: w.lack(c, &lack)}
			if c.Cause != nil {
				told.By, told.Name = byVolume, c.Cause.Predicate
			}
			// Pods that want apart from each other are two constraints for one reason.
			if !slices.Contains(nodes[i].Lacks, told) {
				nodes[i].Lacks = append(nodes[i].Lacks, told)
			}
		}
	}
	return nodes
}

// Who a constraint is of.
const byVolume, byFilter = "volume", "filter"

// cordoned is what a node is that takes no pods for now.
const cordoned = "cordoned"

// lack says what one node lacks for a constraint.
func (w causeWords) lack(c *explain.Constraint, lack *joint.Lack) string {
	if c.Cause != nil {
		return w.clause(c.Cause)
	}
	e := lack.Filter
	switch c.Filter {
	case nodefit.NodeName:
		return fmt.Sprintf("the pod names node %s", e.NodeName)
	case nodefit.NodeUnschedulable:
		return cordoned
	case nodefit.TaintToleration:
		return taintsLack(e.Taints)
	case nodefit.NodeAffinity:
		return "does not match the pod's " + wantedOfNode(e)
	case nodefit.NodePorts:
		return "has not the host " + portsTaken(w, e.Ports)
	case nodefit.NodeResourcesFit:
		return room(c.Of.Resource, e)
	case nodefit.PodTopologySpread:
		return spread(e.Spread)
	case nodefit.InterPodAffinity:
		return w.affinity(c, e)
	default:
		return c.Of.Text
	}
}

// room is what lacks of a resource.
func room(name corev1.ResourceName, e *nodefit.Evidence) string {
	free := e.Allocatable - e.Taken
	if name == "" || name == corev1.ResourcePods {
		return fmt.Sprintf("takes no more pods (%d of %d)", e.Taken, e.Allocatable)
	}
	return fmt.Sprintf("needs %s more %s (requests %s, %s free of %s)", amount(name, e.Wanted-free), resourceName(name),
		amount(name, e.Wanted), amount(name, max(free, 0)), amount(name, e.Allocatable))
}

func resourceName(name corev1.ResourceName) string {
	if name == corev1.ResourceCPU {
		return "CPU"
	}
	return string(name)
}

// amount is an amount of a resource, in the units of nodefit.Resources.
func amount(name corev1.ResourceName, n int64) string {
	switch {
	case name == corev1.ResourceCPU:
		return resource.NewMilliQuantity(n, resource.DecimalSI).String()
	case name == corev1.ResourceMemory, name == corev1.ResourceEphemeralStorage, strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix):
		return text.Size(n)
	default:
		return fmt.Sprint(n)
	}
}

// wantedOfNode is what the pod asks of a node and this one does not have.
func wantedOfNode(e *nodefit.Evidence) string {
	var parts []string
	if len(e.Selector) > 0 {
		var labels []string
		for _, key := range slices.Sorted(maps.Keys(e.Selector)) {
			labels = append(labels, key+"="+e.Selector[key])
		}
		parts = append(parts, "nodeSelector ("+strings.Join(labels, ", ")+")")
	}
	if len(e.Terms) > 0 {
		parts = append(parts, "node affinity ("+text.Few(e.Terms, termOf)+")")
	}
	if len(parts) == 0 {
		return "nodeSelector or node affinity"
	}
	return strings.Join(parts, " and ")
}

func termOf(t nodefit.Term) string {
	if t.Fault != "" {
		return "a term that cannot be read: " + t.Fault
	}
	var parts []string
	for _, r := range append(slices.Clone(t.Expressions), t.Fields...) {
		switch r.Operator {
		case corev1.NodeSelectorOpExists:
			parts = append(parts, "has "+r.Key)
		case corev1.NodeSelectorOpDoesNotExist:
			parts = append(parts, "has no "+r.Key)
		default:
			parts = append(parts, fmt.Sprintf("%s %s (%s)", r.Key, strings.ToLower(string(r.Operator)), strings.Join(r.Values, ", ")))
		}
	}
	if len(parts) == 0 {
		return "a term without conditions, which no node meets"
	}
	return strings.Join(parts, ", ")
}

func portsTaken(w causeWords, ports []nodefit.TakenPort) string {
	return text.Few(ports, func(p nodefit.TakenPort) string {
		return fmt.Sprintf("port %d/%s free, which %s has", p.Port.Number, p.Port.Protocol, w.others(p.Pods))
	})
}

// others names pods that keep the pod off a node by themselves.
func (w causeWords) others(pods []*nodefit.Pod) string {
	return text.Few(pods, func(p *nodefit.Pod) string {
		if p.Namespace == w.namespace {
			return "pod " + p.Name
		}
		return "pod " + p.Namespace + "/" + p.Name
	})
}

func spread(s *nodefit.Spread) string {
	if s.Missing {
		return fmt.Sprintf("has no label %s, which a topologySpreadConstraint of the pod goes by (DoNotSchedule)", s.Constraint.TopologyKey)
	}
	return fmt.Sprintf("maxSkew %d over %s (DoNotSchedule) lets no further pod into %s: %s there, and %d where there are fewest",
		s.Constraint.MaxSkew, s.Constraint.TopologyKey, s.Domain, text.Count(s.Pods, "such pod"), s.Least)
}

func (w causeWords) affinity(c *explain.Constraint, e *nodefit.Evidence) string {
	switch {
	case len(e.Missing) > 0:
		return "has no label " + text.Or(e.Missing) + ", which the pod's affinity to other pods goes by"
	case len(e.Apart) > 0:
		return "anti-affinity keeps the pod apart from " + w.others(e.Apart)
	case len(e.Affinity) > 0:
		return "there is no pod that the pod's affinity asks for"
	default:
		return c.Of.Text
	}
}
