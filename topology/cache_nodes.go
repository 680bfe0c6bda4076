// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"cmp"
	"slices"
	"time"
)

// This file brings changes of nodes into the cache: gathered for a moment, then applied together.

func (c *Cache) setNode(name string, node *Node) {
	r := c.records[name]
	if sameNode(r.node, node) {
		return
	}
	r.node = node
	c.setRecord(name, r)
}

func (c *Cache) setCSINode(name string, csi *csiNode) {
	r := c.records[name]
	if sameCSINode(r.csi, csi) {
		return
	}
	r.csi = csi
	c.setRecord(name, r)
}

func (c *Cache) setRecord(name string, r nodeRecord) {
	if r == (nodeRecord{}) {
		delete(c.records, name)
	} else {
		c.records[name] = r
	}
	if c.dirty {
		return
	}
	c.dirty = true
	if c.options.NodeDelay > 0 {
		c.timer = time.AfterFunc(max(c.options.NodeDelay, restFactor*c.settling), c.Flush)
	}
}

// settleNodes brings the gathered changes of nodes into the next snapshot. Where only readiness or drivers changed, the
// compiled sets stay.
func (c *Cache) settleNodes() {
	if !c.dirty {
		return
	}
	c.dirty = false
	if c.timer != nil {
		c.timer.Stop()
	}
	start := time.Now()
	defer func() { c.settling = time.Since(start) }()
	nodes := make([]*Node, 0, len(c.records))
	for _, r := range c.records {
		if n := r.joined(); n != nil {
			nodes = append(nodes, n)
		}
	}
	slices.SortFunc(nodes, func(a, b *Node) int { return cmp.Compare(a.Name, b.Name) })
	before := c.next.index
	c.next.index = before.on(nodes)
	c.next.table = newNodeTable(nodes, c.next.index)
	if c.next.index == before {
		return
	}
	c.next.index.warm(c.selectors.living())
	c.next.usage = c.next.usage.on(c.next.index)
	for _, pools := range c.next.poolsOf.All() {
		if pools.layout.Load() != nil {
			pools.layoutOn(c.next.index)
		}
	}
	c.revisitAll("")
}
