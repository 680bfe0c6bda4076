// SPDX-License-Identifier: Apache-2.0

package nodefit

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/internal/parallel"
)

// Objects are what a Cluster is made of. They are kept, and must not be changed.
type Objects struct {
	Nodes []*corev1.Node
	// Pods are those that have a node or are nominated for one; nils are left out.
	Pods []*Pod
	// Namespaces are the labels of each namespace, by its name; nil where they are not known.
	Namespaces map[string]map[string]string
	// Partial objects come from files that may leave out what nobody asked for: of a node that says nothing about what it has for pods, its
	// room is not known. An API server's node that says nothing has none.
	Partial bool
}

// Config is what kube-scheduler's configuration says that the filters follow. The zero Config is its default.
type Config struct {
	// IgnoredResources and IgnoredResourceGroups are extended resources that an extender looks after: NodeResourcesFit passes them.
	IgnoredResources, IgnoredResourceGroups []string
}

// Cluster is the nodes with what is on them. It is immutable and safe for concurrent use. Nodes have dense numbers, in the order of their
// names.
type Cluster struct {
	config Config
	nodes  []*node
	byName map[string]int
	// astray are pods of nodes that do not exist.
	astray     []*Pod
	namespaces map[string]map[string]string
	partial    bool
}

type key struct{ namespace, name string }

// New returns the cluster of the objects.
func New(o Objects, config Config) *Cluster {
	c := &Cluster{config: config, nodes: make([]*node, 0, len(o.Nodes)), namespaces: o.Namespaces}
	for _, object := range o.Nodes {
		c.nodes = append(c.nodes, newNode(object))
	}
	c.partial = o.Partial
	c.sort()
	byNode := make([][]*Pod, len(c.nodes))
	for _, p := range o.Pods {
		if p == nil {
			continue
		}
		if i, ok := c.byName[p.at()]; ok {
			byNode[i] = append(byNode[i], p)
		} else {
			c.astray = append(c.astray, p)
		}
	}
	parallel.Each(len(c.nodes), 64, func(i int) {
		for _, p := range byNode[i] {
			c.nodes[i].add(p)
		}
	})
	return c
}

// at is the node that the pod is on or nominated for.
func (p *Pod) at() string {
	if p.Node != "" {
		return p.Node
	}
	return p.Nominated
}

func (c *Cluster) sort() {
	slices.SortFunc(c.nodes, func(a, b *node) int { return strings.Compare(a.object.Name, b.object.Name) })
	c.byName = make(map[string]int, len(c.nodes))
	for i, n := range c.nodes {
		c.byName[n.object.Name] = i
	}
}

// NumNodes is the number of nodes.
func (c *Cluster) NumNodes() int { return len(c.nodes) }

// Node returns the API object of node i, which must not be changed.
func (c *Cluster) Node(i int) *corev1.Node { return c.nodes[i].object }

// NodeIndex returns the number of the node of that name, and whether there is one.
func (c *Cluster) NodeIndex(name string) (int, bool) {
	i, ok := c.byName[name]
	return i, ok
}

// Pods returns the pods that are on node i. They must not be changed.
func (c *Cluster) Pods(i int) []*Pod { return c.nodes[i].pods }

// Taken returns what the pods on node i take of it, and Allocatable what there is to take. Their maps must not be changed.
func (c *Cluster) Taken(i int) Resources { return c.nodes[i].taken }

// Allocatable returns what node i has for pods, and how many pods it takes.
func (c *Cluster) Allocatable(i int) (Resources, int64) {
	return c.nodes[i].allocatable, c.nodes[i].allowed
}
