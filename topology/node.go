// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
)

// Node is what moorage knows of a node, from its Node and its CSINode object. Immutable.
type Node struct {
	Name   string
	Labels map[string]string
	// Ready is the Ready condition; Unschedulable is a cordon; OutOfService the taint that declares a node dead for good
	// (node.kubernetes.io/out-of-service).
	Ready, Unschedulable, OutOfService bool
	// HasCSINode tells a node without a CSINode object from one whose CSINode names no driver.
	HasCSINode bool
	// Drivers are those that the CSINode registers, sorted by name.
	Drivers []NodeDriver
	// MigratedPlugins are the in-tree plugins that the CSINode's annotation declares as served by CSI, sorted.
	MigratedPlugins []string
}

// NodeDriver is a CSI driver that is registered on a node.
type NodeDriver struct {
	Name string
	// TopologyKeys are the label keys with which the driver describes where the node is, in the driver's order.
	TopologyKeys []string
	// Allocatable is the number of volumes that can be attached; negative means that there is no limit.
	Allocatable int32
}

// Driver returns what the node's CSINode says of the driver, or nil where it is not registered.
func (n *Node) Driver(name string) *NodeDriver {
	i, ok := slices.BinarySearchFunc(n.Drivers, name, func(d NodeDriver, name string) int { return cmp.Compare(d.Name, name) })
	if !ok {
		return nil
	}
	return &n.Drivers[i]
}

func nodeFromAPI(n *corev1.Node) *Node {
	out := &Node{Name: n.Name, Labels: make(map[string]string, len(n.Labels)), Unschedulable: n.Spec.Unschedulable}
	for k, v := range n.Labels {
		out.Labels[shared(k)] = shared(v)
	}
	for i := range n.Status.Conditions {
		if c := &n.Status.Conditions[i]; c.Type == corev1.NodeReady {
			out.Ready = c.Status == corev1.ConditionTrue
		}
	}
	for i := range n.Spec.Taints {
		if n.Spec.Taints[i].Key == corev1.TaintNodeOutOfService {
			out.OutOfService = true
		}
	}
	return out
}

// csiNode is the part of a Node that comes from its CSINode.
type csiNode struct {
	drivers  []NodeDriver
	migrated []string
}

func csiNodeFromAPI(n *storagev1.CSINode) *csiNode {
	out := &csiNode{drivers: make([]NodeDriver, 0, len(n.Spec.Drivers))}
	for _, d := range n.Spec.Drivers {
		driver := NodeDriver{Name: shared(d.Name), Allocatable: -1, TopologyKeys: make([]string, len(d.TopologyKeys))}
		for i, key := range d.TopologyKeys {
			driver.TopologyKeys[i] = shared(key)
		}
		if d.Allocatable != nil && d.Allocatable.Count != nil {
			driver.Allocatable = *d.Allocatable.Count
		}
		out.drivers = append(out.drivers, driver)
	}
	slices.SortStableFunc(out.drivers, func(a, b NodeDriver) int { return cmp.Compare(a.Name, b.Name) })
	if plugins := n.Annotations[corev1.MigratedPluginsAnnotationKey]; plugins != "" {
		out.migrated = strings.Split(plugins, ",")
		slices.Sort(out.migrated)
	}
	return out
}

// nodeRecord is what the writer keeps for a node name: either half may be missing.
type nodeRecord struct {
	node *Node
	csi  *csiNode
}

func (r nodeRecord) joined() *Node {
	if r.node == nil {
		return nil
	}
	out := *r.node
	if r.csi != nil {
		out.HasCSINode, out.Drivers, out.MigratedPlugins = true, r.csi.drivers, r.csi.migrated
	}
	return &out
}

func sameNode(a, b *Node) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Ready == b.Ready && a.Unschedulable == b.Unschedulable && a.OutOfService == b.OutOfService &&
		maps.Equal(a.Labels, b.Labels)
}

func sameCSINode(a, b *csiNode) bool {
	if a == nil || b == nil {
		return a == b
	}
	return slices.Equal(a.migrated, b.migrated) && slices.EqualFunc(a.drivers, b.drivers, func(x, y NodeDriver) bool {
		return x.Name == y.Name && x.Allocatable == y.Allocatable && slices.Equal(x.TopologyKeys, y.TopologyKeys)
	})
}
