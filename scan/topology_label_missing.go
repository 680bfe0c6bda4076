// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"fmt"

	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology"
)

var topologyLabelMissingKind = Kind{
	ID: "topology-label-missing", Section: WillStick,
	Means: "A node lacks a label by which its driver says where it is: no volume of the driver can be made for it or used on it.",
	Known: "CSINode, spec.drivers[].topologyKeys, and the Node's metadata.labels.",
	Not:   "For nodes that joined in the last 5 minutes. A label with an empty value is there.",
	Remedy: "restart the driver's node plugin on this node: the kubelet sets the labels when the driver registers; " +
		"if they are taken away again, look which program writes the node's labels",
	Needs: []topology.Kind{topology.KindNode, topology.KindCSINode},
	Find:  topologyLabelMissing,
}

func topologyLabelMissing(c *Cluster) []Finding {
	var found []Finding
	for i := range c.Snapshot.NumNodes() {
		n := c.Snapshot.Node(i)
		if !c.hasJoined(n.Name) {
			continue
		}
		for _, d := range n.Drivers {
			var missing []string
			for _, key := range d.TopologyKeys {
				if _, ok := n.Labels[key]; !ok {
					missing = append(missing, key)
				}
			}
			if len(missing) == 0 {
				continue
			}
			found = append(found, Finding{
				Objects: []Object{ObjectOf(topology.KindNode, topology.Key{Name: n.Name})}, Hurts: c.podsWith(d.Name, n.Name),
				Cause:    fmt.Sprintf("node %s lacks the %s %s, by which driver %s says where it is", n.Name, text.Plural(len(missing), "label"), text.And(missing), d.Name),
				Evidence: []string{fmt.Sprintf("CSINode %s: driver %s has topologyKeys %v", n.Name, d.Name, d.TopologyKeys), fmt.Sprintf("Node %s: no label %s", n.Name, text.Or(missing))},
				Command:  fmt.Sprintf("kubectl get node %s --show-labels", n.Name),
			})
		}
	}
	return found
}
