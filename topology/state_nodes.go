// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"cmp"
	"slices"

	"github.com/moorage-k8s/moorage/topology/nodeset"
)

// This file brings changes of nodes into the state: gathered for a moment, then applied together.

func (s *state) setNode(key Key, node *Node) {
	r := s.records[key.Name]
	if sameNode(r.node, node) {
		return
	}
	r.node = node
	s.setRecord(key.Name, r)
}

func (s *state) setCSINode(key Key, csi *csiNode) {
	r := s.records[key.Name]
	if sameCSINode(r.csi, csi) {
		return
	}
	r.csi = csi
	s.setRecord(key.Name, r)
}

func (s *state) setRecord(name string, r nodeRecord) {
	if r == (nodeRecord{}) {
		delete(s.records, name)
	} else {
		s.records[name] = r
	}
	s.unsettled = true
}

// settleNodes brings the gathered changes of nodes in, and reports whether there were any. Where only readiness or drivers
// changed, the compiled sets stay.
func (s *state) settleNodes() bool {
	if !s.unsettled {
		return false
	}
	s.unsettled = false
	nodes := make([]*Node, 0, len(s.records))
	for _, r := range s.records {
		if n := r.joined(); n != nil {
			nodes = append(nodes, n)
		}
	}
	slices.SortFunc(nodes, func(a, b *Node) int { return cmp.Compare(a.Name, b.Name) })
	indexed := make([]nodeset.Node, len(nodes))
	for i, n := range nodes {
		indexed[i] = nodeset.Node{Name: n.Name, Labels: n.Labels}
	}
	before := s.index
	s.index = before.On(indexed)
	s.table = newNodeTable(nodes, s.index)
	if s.index == before {
		return true
	}
	s.index.Warm(s.selectors.Living())
	s.usage = s.usage.on(s.index)
	for _, pools := range s.poolsOf.All() {
		if pools.layout.Load() != nil {
			pools.layoutOn(s.index)
		}
	}
	s.revisitAll("")
	return true
}
