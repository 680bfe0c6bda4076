// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"slices"
	"sync"
)

// nodeTable is the nodes of a Snapshot with what is derived from them apart from their labels: it is made anew whenever a
// node changes at all, and shared until then. What is derived is compiled when first asked for.
type nodeTable struct {
	nodes    []*Node
	index    *nodeIndex
	columns  sync.Map // driver → *driverColumn
	migrated sync.Map // in-tree plugin → NodeSet
}

// driverColumn is one driver on all nodes.
type driverColumn struct {
	registered NodeSet
	// allocatable is the number of volumes that can be attached, by node; negative without a limit, and where the driver
	// is not registered.
	allocatable []int32
	limited     bool
}

func (t *nodeTable) column(driver string) *driverColumn {
	if c, ok := t.columns.Load(driver); ok {
		return c.(*driverColumn)
	}
	c := &driverColumn{registered: NewNodeSet(len(t.nodes)), allocatable: make([]int32, len(t.nodes))}
	for i, n := range t.nodes {
		c.allocatable[i] = -1
		if d := n.Driver(driver); d != nil {
			c.registered.Add(i)
			c.allocatable[i] = d.Allocatable
			c.limited = c.limited || d.Allocatable >= 0
		}
	}
	kept, _ := t.columns.LoadOrStore(driver, c)
	return kept.(*driverColumn)
}

func (t *nodeTable) migratedNodes(plugin string) NodeSet {
	if set, ok := t.migrated.Load(plugin); ok {
		return set.(NodeSet)
	}
	set := NewNodeSet(len(t.nodes))
	for i, n := range t.nodes {
		if _, ok := slices.BinarySearch(n.MigratedPlugins, plugin); ok {
			set.Add(i)
		}
	}
	kept, _ := t.migrated.LoadOrStore(plugin, set)
	return kept.(NodeSet)
}

// RegisteredOn returns the nodes whose CSINode registers the driver.
func (s *Snapshot) RegisteredOn(driver string) NodeSet { return s.table.column(driver).registered }

// MigratedOn returns the nodes whose CSINode says that the in-tree plugin is served by CSI.
func (s *Snapshot) MigratedOn(plugin string) NodeSet { return s.table.migratedNodes(plugin) }

// WithCSINode returns the nodes that have a CSINode object.
func (s *Snapshot) WithCSINode() NodeSet { return s.table.withCSINode() }

// withCSINode is kept beside the plugins, under a name that is none.
func (t *nodeTable) withCSINode() NodeSet {
	const any = "\x00any"
	if set, ok := t.migrated.Load(any); ok {
		return set.(NodeSet)
	}
	set := NewNodeSet(len(t.nodes))
	for i, n := range t.nodes {
		if n.HasCSINode {
			set.Add(i)
		}
	}
	kept, _ := t.migrated.LoadOrStore(any, set)
	return kept.(NodeSet)
}
