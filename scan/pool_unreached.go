// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"fmt"
	"slices"

	"github.com/moorage-k8s/moorage/topology"
)

var poolUnreachedKind = Kind{
	ID: "pool-unreached", Section: WillStick,
	Means: "No node reaches a pool, or a node that runs a driver with pools reaches none of them: no volume can be made there.",
	Known: "CSIStorageCapacity, nodeTopology, against the labels of the nodes; the drivers that CSINode registers; CSIDriver, spec.storageCapacity.",
	Not: "For pools that were published and nodes that joined in the last 5 minutes; where a node lacks the labels that its driver names (topology-label-missing), " +
		"or volumes in use are lost with the pool's node (volume-node-gone).",
	Remedy: "look whether the labels of the nodes are those that the driver publishes its pools by, and whether its external-provisioner runs for each node; " +
		"a pool of a node that is gone can be deleted: the driver publishes it again if it is there",
	Needs: []topology.Kind{topology.KindPool, topology.KindClass, topology.KindNode, topology.KindCSINode, topology.KindDriver},
	Find:  poolUnreached,
}

func poolUnreached(c *Cluster) []Finding {
	var found []Finding
	// reached are the nodes that reach some pool, by driver.
	reached := map[string]topology.NodeSet{}
	for _, key := range c.Snapshot.Keys(topology.KindPool) {
		p := c.Snapshot.Pool(key)
		class := c.Snapshot.Class(p.Class)
		if class == nil || c.Snapshot.NumNodes() == 0 {
			continue
		}
		nodes := c.Snapshot.Nodes(p.Topology)
		if of, ok := reached[class.Driver]; ok {
			of.Or(nodes)
		} else {
			reached[class.Driver] = nodes.Clone()
		}
		whole := c.Pools[key]
		if !nodes.Empty() || whole == nil || !c.lasts(whole.CreationTimestamp.Time, joinedGrace) || c.poolOfLost(p) || c.unlabelled(class.Driver, p.Topology.Keys()) {
			continue
		}
		found = append(found, Finding{
			Objects: []Object{ObjectOf(topology.KindPool, key)}, Since: whole.CreationTimestamp.Time,
			Cause:    fmt.Sprintf("no node reaches the pool %s of class %s: none has the labels %s", key, p.Class, p.Topology),
			Evidence: []string{fmt.Sprintf("CSIStorageCapacity %s: nodeTopology %s matches none of %d nodes", key, p.Topology, c.Snapshot.NumNodes())},
			Command:  fmt.Sprintf("kubectl get csistoragecapacity %s -n %s -o yaml", key.Name, key.Namespace),
		})
	}
	for i := range c.Snapshot.NumNodes() {
		n := c.Snapshot.Node(i)
		if !c.hasJoined(n.Name) {
			continue
		}
		for _, d := range n.Drivers {
			of, pools := reached[d.Name]
			if driver := c.Snapshot.Driver(d.Name); !pools || of.Has(i) || driver == nil || !driver.StorageCapacity || !c.labelled(n, d.TopologyKeys) {
				continue
			}
			found = append(found, Finding{
				Objects:  []Object{ObjectOf(topology.KindNode, topology.Key{Name: n.Name})},
				Cause:    fmt.Sprintf("node %s runs driver %s and reaches none of its pools: no volume can be made for a pod there", n.Name, d.Name),
				Evidence: []string{fmt.Sprintf("CSINode %s: driver %s with topologyKeys %v; no CSIStorageCapacity has a nodeTopology that its labels match", n.Name, d.Name, d.TopologyKeys)},
				Command:  fmt.Sprintf("kubectl get node %s --show-labels", n.Name),
			})
		}
	}
	return found
}

// labelled reports whether a node has the labels.
func (c *Cluster) labelled(n *topology.Node, keys []string) bool {
	return !slices.ContainsFunc(keys, func(key string) bool { _, ok := n.Labels[key]; return !ok })
}

// unlabelled reports whether some node that runs a driver lacks one of the labels.
func (c *Cluster) unlabelled(driver string, keys []string) bool {
	for i := range c.Snapshot.RegisteredOn(driver).All() {
		if !c.labelled(c.Snapshot.Node(i), keys) {
			return true
		}
	}
	return false
}

// poolOfLost reports whether a pool that no node reaches is where volumes in use are that none reaches either.
func (c *Cluster) poolOfLost(p *topology.Pool) bool {
	for name, v := range c.Volumes {
		seen := c.Snapshot.Volume(name)
		if seen == nil || seen.Class != p.Class || seen.Affinity == nil || c.ClaimOf(v) == nil || !c.Snapshot.Nodes(seen.Affinity).Empty() {
			continue
		}
		if labels, ok := seen.Affinity.Example(); ok {
			if there, _ := p.Topology.Matches(labels); there {
				return true
			}
		}
	}
	return false
}
