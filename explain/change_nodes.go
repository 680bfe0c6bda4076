// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/topology"
)

// register proposes that drivers are registered on nodes that lack nothing else.
func (q *asked) register(c *cause) []proposal {
	var pattern []topology.NodeDriver
	for _, driver := range q.blamed(c).Drivers {
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
	at := q.zones.place(c.alone)
	return []proposal{{
		Change: Change{Do: Register, Object: Object{Kind: "CSINode", Name: at.First[0]}, Drivers: names, At: &at}, cost: costFix,
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
	}}
}

// maxLabelled is on how many nodes it is tried to put labels back.
const maxLabelled = 3

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
			Change: Change{
				Do: Label, Object: Object{Kind: "Node", Name: node.Name}, Drivers: []string{driver}, Labels: missing, Value: with.Labels[missing[0]],
			},
			cost: costFix, apply: func(d *topology.Draft) { d.PutNode(&with) },
		})
		if len(out) == maxLabelled {
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

// maxPatterns is how many kinds of nodes are tried.
const maxPatterns = 12

// anotherNode proposes one node more: like one of each zone, or with the labels that a volume wants and no node has.
func (q *asked) anotherNode() []proposal {
	var out []proposal
	add := func(change Change, like *topology.Node, labels map[string]string) {
		node := *like
		node.Name, node.Labels, node.Ready, node.Unschedulable, node.OutOfService = NewNode, maps.Clone(like.Labels), true, false, false
		if _, ok := node.Labels[corev1.LabelHostname]; ok {
			node.Labels[corev1.LabelHostname] = NewNode
		}
		maps.Copy(node.Labels, labels)
		change.Do, change.Object = AddNode, Object{Kind: "Node"}
		out = append(out, proposal{Change: change, cost: costNode, apply: func(d *topology.Draft) { d.PutNode(&node) }})
	}
	seen := map[string]bool{}
	for i := range q.Snapshot.NumNodes() {
		zone := q.zones.Zone(i)
		if seen[zone] || len(seen) == maxPatterns {
			continue
		}
		seen[zone] = true
		node := q.Snapshot.Node(i)
		add(Change{Like: node.Name, Zone: zone}, node, nil)
	}
	for i := range q.d.Volumes {
		v := q.d.Volumes[i].Volume
		if v == nil || !q.Snapshot.Nodes(v.Affinity).Empty() || q.lostNode(v) != "" {
			continue
		}
		if labels, ok := v.Affinity.Example(); ok {
			add(Change{Value: labels.String(), SetBy: setBy(q.Snapshot, maps.Keys(labels), v.Driver)}, q.Snapshot.Node(0), labels)
		}
	}
	return out
}

func byDriverName(d topology.NodeDriver, name string) int { return cmp.Compare(d.Name, name) }
