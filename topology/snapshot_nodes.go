// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/moorage-k8s/moorage/topology/nodeset"
)

// nodeTable is the nodes of a Snapshot with what is derived from them apart from their labels: it is recreated whenever a
// node changes at all, and shared until then. What is derived is compiled when first asked for.
type nodeTable struct {
	nodes    []*Node
	index    *nodeset.Index
	columns  sync.Map // driver → *driverColumn, of drivers that some node registers
	migrated sync.Map // in-tree plugin → NodeSet
	open     atomic.Pointer[NodeSet]

	// drivers are those that some node registers; nowhere is the one column of all others, since anybody can name a driver.
	drivers func() map[string]unit
	nowhere func() *driverColumn
}

func newNodeTable(nodes []*Node, index *nodeset.Index) *nodeTable {
	t := &nodeTable{nodes: nodes, index: index}
	t.drivers = sync.OnceValue(func() map[string]unit {
		drivers := map[string]unit{}
		for _, n := range nodes {
			for i := range n.Drivers {
				drivers[n.Drivers[i].Name] = unit{}
			}
		}
		return drivers
	})
	t.nowhere = sync.OnceValue(func() *driverColumn { return t.newColumn("") })
	return t
}

// driverColumn is one driver on all nodes.
type driverColumn struct {
	registered NodeSet
	// allocatable is the number of volumes that can be attached, by node; negative without a limit, and where the driver
	// is not registered.
	allocatable []int32
	limited     bool
	// lacking are the nodes with a CSINode that does not register the driver; empty where no node registers it.
	lacking NodeSet
	// keyless are the nodes on which the driver reports no topology keys, registered or not; empty where it reports some
	// nowhere. unlabelled are those that lack a label for a key that it reports there.
	keyless, unlabelled NodeSet
	// topologyKeys are those that the driver gives on any node, sorted.
	topologyKeys []string
	// keyed are the nodes on which it gives any, by these.
	keyed []keyedNodes
	// zones are those that the driver's volumes are spread over.
	zones func() *Zones
}

func (t *nodeTable) column(driver string) *driverColumn {
	if c, ok := t.columns.Load(driver); ok {
		return c.(*driverColumn)
	}
	if _, registered := t.drivers()[driver]; !registered {
		return t.nowhere()
	}
	kept, _ := t.columns.LoadOrStore(driver, t.newColumn(driver))
	return kept.(*driverColumn)
}

func (t *nodeTable) newColumn(driver string) *driverColumn {
	none := func() NodeSet { return NewNodeSet(len(t.nodes)) }
	c := &driverColumn{
		registered: none(), allocatable: make([]int32, len(t.nodes)), lacking: none(), keyless: none(), unlabelled: none(),
	}
	for i, n := range t.nodes {
		d := n.Driver(driver)
		if d == nil || len(d.TopologyKeys) == 0 {
			c.keyless.Add(i)
		}
		if d == nil {
			c.allocatable[i] = -1
			if n.HasCSINode {
				c.lacking.Add(i)
			}
			continue
		}
		c.registered.Add(i)
		c.allocatable[i] = d.Allocatable
		c.limited = c.limited || d.Allocatable >= 0
		if len(d.TopologyKeys) > 0 {
			c.keyedBy(d.TopologyKeys, len(t.nodes)).Add(i)
		}
		for _, key := range d.TopologyKeys {
			if at, found := slices.BinarySearch(c.topologyKeys, key); !found {
				c.topologyKeys = slices.Insert(c.topologyKeys, at, key)
			}
		}
		if slices.ContainsFunc(d.TopologyKeys, func(key string) bool { _, ok := n.Labels[key]; return !ok }) {
			c.unlabelled.Add(i)
		}
	}
	if c.registered.Empty() {
		c.lacking.Clear()
	}
	if len(c.topologyKeys) == 0 {
		c.keyless.Clear()
	}
	c.zones = sync.OnceValue(func() *Zones { return t.newZones(c) })
	return c
}

// keyedBy are the nodes on which the driver gives these keys.
func (c *driverColumn) keyedBy(keys []string, size int) NodeSet {
	at := slices.IndexFunc(c.keyed, func(k keyedNodes) bool { return slices.Equal(k.keys, keys) })
	if at < 0 {
		at = len(c.keyed)
		c.keyed = append(c.keyed, keyedNodes{keys, NewNodeSet(size)})
	}
	return c.keyed[at].nodes
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

// LackingDriver returns the nodes whose CSINode does not register the driver; none where no node registers it. A node
// without a CSINode object is not among them: nothing is known of its drivers.
func (s *Snapshot) LackingDriver(driver string) NodeSet { return s.table.column(driver).lacking }

// WithoutTopologyKeys returns the nodes where no CSINode reports topology keys of the driver; none where no node does.
func (s *Snapshot) WithoutTopologyKeys(driver string) NodeSet { return s.table.column(driver).keyless }

// WithoutTopologyLabels returns the nodes that lack a label for one of the topology keys that their CSINode reports.
func (s *Snapshot) WithoutTopologyLabels(driver string) NodeSet {
	return s.table.column(driver).unlabelled
}

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

// Open returns the nodes that could take new pods over, as far as can be told from the node alone: those that are not closed
// (Places.Closed).
func (s *Snapshot) Open() NodeSet {
	if set := s.table.open.Load(); set != nil {
		return *set
	}
	places, set := s.placesBy(""), NewNodeSet(len(s.table.nodes))
	for i := range s.table.nodes {
		if places.Closed(i) == "" {
			set.Add(i)
		}
	}
	s.table.open.Store(&set)
	return set
}
