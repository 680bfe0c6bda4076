// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"fmt"

	"github.com/moorage-k8s/moorage/topology"
)

var attachLimitMissingKind = Kind{
	ID: "attach-limit-missing", Section: WillStick,
	Means:  "A node publishes no limit of volumes while others with the same driver do: kube-scheduler sends it any number, and those beyond the machine's slots never attach.",
	Known:  "CSINode, spec.drivers[].allocatable.count.",
	Not:    "For nodes that joined in the last 5 minutes, and for drivers that publish no limit anywhere.",
	Remedy: "look why the driver's node plugin on this node does not know the limit (its log, the cloud's metadata service), and restart it there: it registers again with the limit",
	Needs:  []topology.Kind{topology.KindNode, topology.KindCSINode},
	Find:   attachLimitMissing,
}

func attachLimitMissing(c *Cluster) []Finding {
	type peer struct {
		node  string
		count int32
	}
	peers := map[string]peer{}
	for i := range c.Snapshot.NumNodes() {
		n := c.Snapshot.Node(i)
		for _, d := range n.Drivers {
			if _, known := peers[d.Name]; !known && d.Allocatable >= 0 {
				peers[d.Name] = peer{n.Name, d.Allocatable}
			}
		}
	}
	var found []Finding
	for i := range c.Snapshot.NumNodes() {
		n := c.Snapshot.Node(i)
		if !c.hasJoined(n.Name) {
			continue
		}
		for _, d := range n.Drivers {
			p, limited := peers[d.Name]
			if !limited || d.Allocatable >= 0 {
				continue
			}
			found = append(found, Finding{
				Objects: []Object{ObjectOf(topology.KindCSINode, topology.Key{Name: n.Name})}, Hurts: c.podsWith(d.Name, n.Name), Since: c.joined(n.Name),
				Cause: fmt.Sprintf("node %s publishes no limit for driver %s, and %s publishes %d", n.Name, d.Name, p.node, p.count),
				Evidence: []string{
					fmt.Sprintf("CSINode %s: driver %s without allocatable.count", n.Name, d.Name),
					fmt.Sprintf("CSINode %s: driver %s with allocatable.count %d", p.node, d.Name, p.count),
				},
				Command: fmt.Sprintf("kubectl get csinode %s -o yaml", n.Name),
			})
		}
	}
	return found
}
