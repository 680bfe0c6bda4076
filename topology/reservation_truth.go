// SPDX-License-Identifier: Apache-2.0

package topology

// This file judges whether a claim's selected node can be true. What a tenant writes may cost others no room: what is left to
// somebody who writes the annotation is no more than he could really have provisioned.

// couldBeTrue tells whether kube-scheduler can have selected the claim's node: the volume could be made there, and a pod asks
// for it. A pod that has its node by now was there before, if it is the same one.
func (c *Cache) couldBeTrue(claim *Claim) bool {
	if !c.couldBeMade(claim, claim.SelectedNode) || !c.withinShare(claim) {
		return false
	}
	for pod := range c.next.Users(claim.Key()) {
		if !pod.Terminal && !pod.Gated && (pod.Node == "" || pod.Node == claim.SelectedNode) {
			return true
		}
	}
	return false
}

// couldBeMade tells whether a CSI provisioner would make a volume for the claim at the node, as far as the objects tell. It is
// not the whole engine, which looks at pods: the class's topologies and the pools that the node reaches, as they are published.
func (c *Cache) couldBeMade(claim *Claim, at string) bool {
	class, _ := c.next.classes.Get(Key{Name: claim.Class})
	node, known := c.next.index.byName[at]
	switch {
	case !known, class == nil, !class.Delayed, !class.Provisions():
		return false
	case claim.Selector != nil, claim.SelectorErr != nil:
		return false // external-provisioner: 'claim Selector is not supported'
	case claim.Populated, !claim.HasRequest:
		return false
	case class.Allowed != nil && !c.next.index.match(class.Allowed).Has(int(node)):
		return false
	}
	some := false
	for pool := range c.poolsOf(claim.Class, at) {
		some = true
		if limit, ok := pool.VolumeLimit(); ok && limit >= claim.Request && (pool.Capacity < 0 || pool.Capacity >= claim.Request) {
			return true
		}
	}
	if some {
		return false
	}
	// Without a pool no room is taken. Where the driver has its pools looked at, in-tree refuses a node that reaches none.
	driver, _ := c.next.drivers.Get(Key{Name: class.Provisioner})
	return driver == nil || !driver.StorageCapacity
}

// withinShare tells whether the claim's namespace stays within Options.NamespaceShare of a pool that the claim may be in.
func (c *Cache) withinShare(claim *Claim) bool {
	if c.options.NamespaceShare <= 0 {
		return true
	}
	limited := false
	for pool := range c.poolsOf(claim.Class, claim.SelectedNode) {
		if pool.Capacity < 0 {
			return true
		}
		limited = true
		sum := claim.Request
		for r := range c.next.Reservations(claim.Class) {
			if r.Claim.Namespace == claim.Namespace && r.Claim != claim.Key() && c.reaches(r, pool) {
				sum = AddBytes(sum, r.Bytes)
			}
		}
		if float64(sum) <= c.options.NamespaceShare*float64(pool.Capacity) {
			return true
		}
	}
	return !limited
}
