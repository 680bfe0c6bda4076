// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"slices"

	"github.com/moorage-k8s/moorage/topology"
)

// topologyKeys rules out the nodes for which a delayed claim's driver could not tell where to provision: where its CSINode
// reports no topology keys of the driver although others do, or the node lacks a label for one of the keys that it reports.
// In-tree looks at neither. Without it the pod is sent to such a node, external-provisioner gives up on every try ('no
// topology key found for node …', 'topology labels from selected node … does not match topology keys from CSINode …':
// GenerateAccessibilityRequirements in its pkg/controller/topology.go), and since it does not give the claim back to
// kube-scheduler, the pod stays Pending until somebody fixes the node.
//
// The same comes of a class whose allowedTopologies allow the node by labels that are none of the driver's keys: external-provisioner wants
// one of the terms to be a part of what the node has of these keys ('topology … from selected node … is not in requisite', or with
// --strict-topology 'is not in allowed topologies'), while kube-scheduler goes by whatever labels the node carries.
//
// Only a driver that some node reports keys for provisions by topology. A volume that exists already has its affinity, so
// nodes on which the claim would be bound to one pass.
func topologyKeys(q *query) {
	for i := range q.delayed {
		c := &q.delayed[i]
		if !c.Class.Provisions() || c.Class.Driver == "" {
			continue
		}
		q.refuse(c.volume, ReasonTopologyKeys, both(c.provision, q.s.WithoutTopologyKeys(c.Class.Driver)))
		q.refuse(c.volume, ReasonTopologyLabels, both(c.provision, q.s.WithoutTopologyLabels(c.Class.Driver)))
		q.refuse(c.volume, ReasonForeignTopology, both(c.provision, q.s.OutsideTopologyKeys(c.Class)))
	}
}

// both returns the nodes that are in both sets. It may be few, which must not be changed.
func both(many, few topology.NodeSet) topology.NodeSet {
	if few.Empty() {
		return few
	}
	out := few.Clone()
	out.And(many)
	return out
}

func topologyKeysBecause(q *query, e *Elimination, node int) Evidence {
	class := q.delayedOf(e.Volume).Class
	out := Evidence{Driver: class.Driver}
	if e.Reason == ReasonTopologyKeys {
		return out
	}
	n := q.s.Node(node)
	keys := n.Driver(out.Driver).TopologyKeys
	if e.Reason == ReasonForeignTopology {
		out.Class, out.Keys, out.Conditions = class.Name, keys, []*topology.Selector{class.Allowed}
		for _, key := range class.Allowed.Keys() {
			if !slices.Contains(keys, key) {
				out.Labels = append(out.Labels, key)
			}
		}
		return out
	}
	for _, key := range keys {
		if _, ok := n.Labels[key]; !ok {
			out.Labels = append(out.Labels, key)
		}
	}
	return out
}
