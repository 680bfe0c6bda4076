// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/topology"
)

// register proposes that drivers are registered on nodes that lack nothing else.
func (q *asked) register(c *cause) []proposal {
	var pattern []topology.NodeDriver
	for _, driver := range q.blamed(c).drivers {
		for i := range q.Snapshot.RegisteredOn(driver).All() {
			if d := q.Snapshot.Node(i).Driver(driver); !c.nodes.Has(i) {
				pattern = append(pattern, *d)
				break
			}
		}
	}
	if len(pattern) == 0 || c.alone.Empty() {
		return nil
	}
	names := make([]string, len(pattern))
	for i := range pattern {
		names[i] = pattern[i].Name
	}
	first := q.zones.names(c.alone, 1)[0]
	return []proposal{{
		object: Object{Kind: "CSINode", Name: first}, cost: costMend,
		apply: func(d *topology.Draft) {
			for i := range c.alone.All() {
				node := *q.Snapshot.Node(i)
				node.HasCSINode = true
				node.Drivers = slices.Clone(node.Drivers)
				for _, driver := range pattern {
					at, found := slices.BinarySearchFunc(node.Drivers, driver.Name, byDriverName)
					if found {
						node.Drivers[at] = driver
					} else {
						node.Drivers = slices.Insert(node.Drivers, at, driver)
					}
				}
				d.PutNode(&node)
			}
		},
		say: func(string) string {
			return fmt.Sprintf("have driver %s registered %s: see that its pod runs there", both(names), q.zones.on(c.alone))
		},
	}}
}

// label proposes that a missing topology label is put back.
func (q *asked) label(c *cause) []proposal {
	driver := q.blamed(c).Driver
	var out []proposal
	for i := range c.alone.All() {
		node := q.Snapshot.Node(i)
		with := *node
		with.Labels = maps.Clone(node.Labels)
		missing := q.v.Because(c.eliminations[0], i).Labels
		for _, key := range missing {
			with.Labels[key] = q.commonest(key)
		}
		out = append(out, proposal{
			object: Object{Kind: "Node", Name: node.Name}, cost: costMend,
			apply: func(d *topology.Draft) { d.PutNode(&with) },
			say: func(string) string {
				return fmt.Sprintf("give node %s its label %s back (%s, say), which driver %s needs", node.Name, both(missing), with.Labels[missing[0]], driver)
			},
		})
		if len(out) == fewNodes {
			break
		}
	}
	return out
}

// commonest is the value that most nodes have for the label; of as many, the first.
func (q *asked) commonest(key string) string {
	counts := map[string]int{}
	for i := range q.Snapshot.NumNodes() {
		if value, ok := q.Snapshot.Node(i).Labels[key]; ok {
			counts[value]++
		}
	}
	best := ""
	for _, value := range slices.Sorted(maps.Keys(counts)) {
		if best == "" || counts[value] > counts[best] {
			best = value
		}
	}
	return best
}

// newNode is the name of a node that is tried. It sorts last.
const newNode = "~new"

// maxPatterns is how many kinds of nodes are tried.
const maxPatterns = 12

// anotherNode proposes one node more: like one of each zone, or with the labels that a volume wants and no node has.
func (q *asked) anotherNode() []proposal {
	var out []proposal
	add := func(like *topology.Node, labels map[string]string, what string) {
		node := *like
		node.Name, node.Labels, node.Ready, node.Unschedulable, node.OutOfService = newNode, maps.Clone(like.Labels), true, false, false
		if _, ok := node.Labels[corev1.LabelHostname]; ok {
			node.Labels[corev1.LabelHostname] = newNode
		}
		maps.Copy(node.Labels, labels)
		out = append(out, proposal{
			object: Object{Kind: "Node", Name: what}, cost: costNode,
			apply: func(d *topology.Draft) { d.PutNode(&node) },
			say:   func(string) string { return "add a node " + what },
		})
	}
	seen := map[string]bool{}
	for i := range q.Snapshot.NumNodes() {
		zone := q.zones.Zone(i)
		if seen[zone] || len(seen) == maxPatterns {
			continue
		}
		seen[zone] = true
		node := q.Snapshot.Node(i)
		if zone == "" {
			add(node, nil, "like "+node.Name)
		} else {
			add(node, nil, fmt.Sprintf("in %s like %s", named(zone), node.Name))
		}
	}
	for i := range q.d.Volumes {
		v := q.d.Volumes[i].Volume
		if v == nil || !q.Snapshot.Nodes(v.Affinity).Empty() {
			continue
		}
		if labels, ok := v.Affinity.Example(); ok {
			add(q.Snapshot.Node(0), labels, fmt.Sprintf("with the labels %s", labels))
		}
	}
	return out
}

func byDriverName(d topology.NodeDriver, name string) int { return cmp.Compare(d.Name, name) }
