// SPDX-License-Identifier: Apache-2.0

package placement

import "github.com/moorage-k8s/moorage/topology"

// driverReady rules out the nodes that have not registered a CSI driver which a volume needs there, while other nodes have:
// new nodes on which the driver's pod has yet to start (kubernetes/kubernetes#95911), and nodes that its DaemonSet leaves
// out. In-tree looks since v1.37, and only for drivers that ask for it (driverRequired). Without it the pod hangs in
// ContainerCreating ('AttachVolume.Attach failed …: CSINode … does not contain driver …', 'driver name … not found in the
// list of registered CSI drivers'), or its volume is never provisioned ('no topology key found for node …').
//
// What no node registers is no driver with a part on nodes, such as rancher.io/local-path, and is not asked for. A node
// without a CSINode object passes: a kubelet makes the object before it calls its node Ready (initializeCSINode in
// pkg/volume/csi), so a node without one is no kubelet's and may serve volumes in a way of its own, as virtual nodes do. An
// in-tree volume needs the driver only where the CSINode says that its plugin is migrated.
func driverReady(q *query) {
	all := q.s.AllNodes()
	for i := range q.d.Volumes {
		unready := unreadyNodes{s: q.s}
		switch v := &q.d.Volumes[i]; {
		case v.NodeDriver != "":
			unready.add(v.NodeDriver, "", all)
		case v.Inline != nil:
			unready.add(v.Inline.Driver, v.Inline.Plugin, all)
		case v.State == Bound:
			unready.addVolume(v.Volume, all)
		default:
			continue
		}
		q.refuse(i, ReasonDriverReady, unready.set)
	}
	for i := range q.delayed {
		c := &q.delayed[i]
		unready := unreadyNodes{s: q.s}
		for _, m := range c.matches {
			unready.addVolume(m.volume, m.nodes)
		}
		unready.add(c.Class.Driver, inTree(c.Class), c.provision)
		q.refuse(c.volume, ReasonDriverReady, unready.set)
	}
}

func driverReadyBecause(q *query, e *Elimination, node int) Evidence {
	v := &q.d.Volumes[e.Volume]
	if v.State == Delayed {
		c := q.delayedOf(e.Volume)
		for _, m := range c.matches {
			if m.nodes.Has(node) {
				driver, _ := driverOf(m.volume)
				return Evidence{Driver: driver}
			}
		}
		return Evidence{Driver: c.Class.Driver}
	}
	return Evidence{Driver: v.Driver()}
}

// inTree is the in-tree plugin that the class names, where a CSI driver provisions in its place.
func inTree(c *topology.Class) string {
	if c.Driver == c.Provisioner {
		return ""
	}
	return c.Provisioner
}

// driverOf is the driver that serves the volume, with the in-tree plugin in whose place it does.
func driverOf(v *topology.Volume) (driver, plugin string) {
	if m := v.Migration; m != nil {
		return m.Driver, m.Plugin
	}
	return v.Driver, ""
}

// unreadyNodes are those that lack a driver of one volume. The set is made with the first of them.
type unreadyNodes struct {
	s   *topology.Snapshot
	set topology.NodeSet
}

func (u *unreadyNodes) addVolume(v *topology.Volume, nodes topology.NodeSet) {
	driver, plugin := driverOf(v)
	u.add(driver, plugin, nodes)
}

// add adds those of the nodes that lack the driver; where it serves an in-tree plugin, those where the plugin is migrated.
func (u *unreadyNodes) add(driver, plugin string, nodes topology.NodeSet) {
	if driver == "" {
		return
	}
	lacking := u.s.LackingDriver(driver)
	if plugin != "" && !lacking.Empty() {
		lacking = both(lacking, u.s.MigratedOn(plugin))
	}
	for i := range lacking.All() {
		if !nodes.Has(i) {
			continue
		}
		if u.set.Size() == 0 {
			u.set = topology.NewNodeSet(u.s.NumNodes())
		}
		u.set.Add(i)
	}
}
