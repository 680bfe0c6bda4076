// SPDX-License-Identifier: Apache-2.0

package nodefit

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Draft is a copy of a cluster that can be changed: what would be, if. It shares with the cluster what it does not change. It is not safe
// for concurrent use.
type Draft struct {
	c Cluster
	// owned are the nodes that are the draft's own.
	owned map[*node]bool
}

// Draft returns a copy to be changed.
func (c *Cluster) Draft() *Draft {
	d := &Draft{c: *c, owned: map[*node]bool{}}
	d.c.nodes = slices.Clone(c.nodes)
	return d
}

// Cluster returns the draft as it is now. It stays so: the draft can be changed further.
func (d *Draft) Cluster() *Cluster {
	out := d.c
	out.nodes = slices.Clone(d.c.nodes)
	clear(d.owned)
	return &out
}

// PutNode puts a node in place of the one of its name, with the pods that are there, or beside the others.
func (d *Draft) PutNode(object *corev1.Node) {
	if i, ok := d.c.byName[object.Name]; ok {
		d.set(i, d.c.nodes[i].copied(object))
		return
	}
	n := newNode(object)
	d.owned[n] = true
	for _, p := range d.c.astray {
		if p.at() == object.Name {
			n.add(p)
		}
	}
	d.c.astray = slices.DeleteFunc(slices.Clone(d.c.astray), func(p *Pod) bool { return p.at() == object.Name })
	d.c.nodes = append(d.c.nodes, n)
	d.c.sort()
}

// RemoveNode takes a node away. Its pods stay, as they do in a cluster until a controller removes them, and count for nothing.
func (d *Draft) RemoveNode(name string) {
	i, ok := d.c.byName[name]
	if !ok {
		return
	}
	n := d.c.nodes[i]
	d.c.astray = slices.Concat(d.c.astray, n.pods, n.nominated)
	d.c.nodes = slices.Delete(d.c.nodes, i, i+1)
	d.c.sort()
}

// Place puts a pod onto a node, as if kube-scheduler had chosen it. The pod must not be on a node yet; where there is no such node,
// nothing happens.
func (d *Draft) Place(pod *corev1.Pod, node string) { d.Put(podOn(pod, node)) }

// Put puts a pod where it says that it is. It must not be on a node yet.
func (d *Draft) Put(p *Pod) {
	i, ok := d.c.byName[p.at()]
	if !ok {
		d.c.astray = append(slices.Clip(d.c.astray), p)
		return
	}
	n := d.c.nodes[i]
	if !d.owned[n] {
		n = n.copied(n.object)
	}
	n.add(p)
	d.set(i, n)
}

// RemovePods takes pods away, which costs a look at every pod.
func (d *Draft) RemovePods(pods ...*Pod) {
	gone := make(map[key]bool, len(pods))
	for _, p := range pods {
		gone[key{p.Namespace, p.Name}] = true
	}
	d.remove(gone)
}

// RemovePod takes away the pod of that name, which costs a look at every pod.
func (d *Draft) RemovePod(namespace, name string) { d.remove(map[key]bool{{namespace, name}: true}) }

func (d *Draft) remove(gone map[key]bool) {
	for i, n := range d.c.nodes {
		if without := n.without(gone); without != n {
			d.set(i, without)
		}
	}
	is := func(p *Pod) bool { return gone[key{p.Namespace, p.Name}] }
	if slices.ContainsFunc(d.c.astray, is) {
		d.c.astray = slices.DeleteFunc(slices.Clone(d.c.astray), is)
	}
}

// set puts the draft's own node in place of another of its name.
func (d *Draft) set(i int, n *node) {
	d.owned[n] = true
	d.c.nodes[i] = n
}
