// SPDX-License-Identifier: Apache-2.0

package placement

import "github.com/moorage-k8s/moorage/topology"

// provisioningTopology rules out the nodes on which a delayed claim has neither an existing volume to bind nor a class that
// may provision there: checkVolumeProvisions of kube-scheduler's volumebinding. Without it a pod waits on a node for a
// volume that its class never makes there.
func provisioningTopology(q *query) {
	for i := range q.delayed {
		c := &q.delayed[i]
		if c.elsewhere.Size() > 0 {
			q.refuse(c.volume, ReasonSelectedNode, c.elsewhere)
		}
		switch {
		case !c.Class.Provisions():
			q.refuse(c.volume, ReasonNoVolume, c.provision)
		case c.Class.Allowed != nil:
			refused := c.provision.Clone()
			refused.AndNot(q.s.Nodes(c.Class.Allowed))
			q.refuse(c.volume, ReasonNoVolume, refused)
		}
	}
}

func provisioningTopologyBecause(q *query, e *Elimination, _ int) Evidence {
	c := q.delayedOf(e.Volume)
	out := Evidence{Claims: []*topology.Claim{c.Claim}, Class: c.Claim.Class}
	if e.Reason == ReasonNoVolume && c.Class.Provisions() {
		out.Conditions = []*topology.Selector{c.Class.Allowed}
	}
	return out
}
