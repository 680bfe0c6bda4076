// SPDX-License-Identifier: Apache-2.0

// Package templatecapacity reckons what room a node that an autoscaler adds will bring, for classes whose pools are each of one node, and keeps it published.
//
// cluster-autoscaler asks kube-scheduler's VolumeBinding whether a pod fits on a node to come, a template of a group's nodes. Of such a node no driver has
// published any room. From kubernetes/autoscaler#9702 on all templates, and no other nodes, carry a label, so that room can be published for them alone.
package templatecapacity

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/topology"
)

// GroupLabels are the labels by which clouds and tools tell the nodes of a group that cluster-autoscaler scales. The last is for groups of machines
// without such a label.
var GroupLabels = []string{
	"eks.amazonaws.com/nodegroup", "alpha.eksctl.io/nodegroup-name", "cloud.google.com/gke-nodepool", "kubernetes.azure.com/agentpool",
	"kops.k8s.io/instancegroup", "worker.gardener.cloud/pool", "doks.digitalocean.com/node-pool", "oke.oraclecloud.com/pool.name",
	"k8s.scaleway.com/pool-name", "autoscaling.k8s.io/nodegroup", "kwok-nodegroup", corev1.LabelInstanceTypeStable,
}

// Capacity is the room of a class on a node that a group may get.
type Capacity struct {
	Class, Driver string
	// Label and Group are the label that identifies the group's nodes, and its value.
	Label, Group string
	// Bytes is what an empty node of the group had at least, and MaximumVolumeSize the largest volume; 0 where no pool said.
	Bytes, MaximumVolumeSize int64
	// Empty is how many empty nodes showed it, of so many of the group that have pools of the class.
	Empty, Nodes int
}

// Known reports whether an empty node of the group was seen. Where none was, nothing is known of a new one.
func (c *Capacity) Known() bool { return c.Empty > 0 }

// Of reckons the capacities of all classes and groups of the snapshot, sorted. A node is empty for a driver while no volume of it is there or on its way: what its
// pools show is what a new node of the group will have. The least of several is taken, so that no node is added in vain.
func Of(s *topology.Snapshot, groupLabels []string) []Capacity {
	used := map[string]topology.NodeSet{}
	byGroup := map[[3]string]*Capacity{}
	for _, key := range s.Keys(topology.KindPool) {
		pool := s.Pool(key)
		class := s.Class(pool.Class)
		if class == nil || !class.Delayed || !class.Provisions() {
			continue
		}
		driver := s.Driver(class.Driver)
		if driver == nil || !driver.StorageCapacity {
			continue
		}
		at, node := onlyNode(s, pool)
		if node == nil {
			continue
		}
		label, group := groupOf(node, groupLabels)
		if label == "" {
			continue
		}
		id := [3]string{class.Name, label, group}
		c := byGroup[id]
		if c == nil {
			c = &Capacity{Class: class.Name, Driver: class.Driver, Label: label, Group: group}
			byGroup[id] = c
		}
		c.Nodes++
		if used[class.Driver].Size() == 0 {
			used[class.Driver] = usedBy(s, class.Driver)
		}
		if limit, known := pool.VolumeLimit(); used[class.Driver].Has(at) || !known || limit <= 0 || !node.Ready {
			continue
		}
		c.take(pool)
	}
	out := make([]Capacity, 0, len(byGroup))
	for _, id := range slices.SortedFunc(maps.Keys(byGroup), func(a, b [3]string) int { return slices.Compare(a[:], b[:]) }) {
		out = append(out, *byGroup[id])
	}
	return out
}

func (c *Capacity) take(pool *topology.Pool) {
	least := func(have *int64, new int64) {
		if new >= 0 && (c.Empty == 0 || new < *have) {
			*have = new
		}
	}
	least(&c.Bytes, pool.Capacity)
	least(&c.MaximumVolumeSize, pool.MaximumVolumeSize)
	c.Empty++
}

// onlyNode is the node whose own the pool is; nil where the pool is reached from several nodes or goes by the cloud's zones, which may have but one node now.
func onlyNode(s *topology.Snapshot, pool *topology.Pool) (int, *topology.Node) {
	nodes := s.Nodes(pool.Topology)
	if nodes.Len() != 1 {
		return 0, nil
	}
	for i := range nodes.All() {
		node := s.Node(i)
		for _, key := range pool.Topology.Keys() {
			if value := node.Labels[key]; value != "" && (value == node.Name || value == node.Labels[corev1.LabelHostname]) {
				return i, node
			}
		}
	}
	return 0, nil
}

func groupOf(node *topology.Node, labels []string) (label, group string) {
	for _, label := range labels {
		if group := node.Labels[label]; group != "" {
			return label, group
		}
	}
	return "", ""
}

// usedBy are the nodes on which a volume of the driver is or is being made, of whatever class: two classes may take their room from one disk.
func usedBy(s *topology.Snapshot, driver string) topology.NodeSet {
	out := topology.NewNodeSet(s.NumNodes())
	for _, key := range s.Keys(topology.KindVolume) {
		if v := s.Volume(key.Name); v != nil && v.Driver == driver {
			out.Or(s.Nodes(v.Affinity))
		}
	}
	for r := range s.AllReservations() {
		if class := s.Class(r.Class); class != nil && class.Driver == driver {
			if at, known := s.NodeIndex(r.Node); known {
				out.Add(at)
			}
		}
	}
	return out
}
