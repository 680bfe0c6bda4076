// SPDX-License-Identifier: Apache-2.0

package topology

// This file judges whether a claim's selected node can be true. What a tenant writes may cost others no room: what is left to
// somebody who writes the annotation is no more than he could really have provisioned.

// couldBeTrue reports whether kube-scheduler can have selected the claim's node: the volume could be made there, and a pod asks
// for it. A pod that has its node by now was there before, if it is the same one.
func (s *state) couldBeTrue(claim *Claim) bool {
	if !s.couldBeMade(claim, claim.SelectedNode) || !s.withinShare(claim) {
		return false
	}
	for pod := range s.Users(claim.Key()) {
		if !pod.Terminal && !pod.Gated && (pod.Node == "" || pod.Node == claim.SelectedNode) {
			return true
		}
	}
	return false
}

// couldBeMade reports whether a CSI provisioner would make a volume for the claim at the node, as far as the objects tell. It is
// not the whole engine, which looks at pods: the class's topologies and the pools that the node reaches, as they are published.
func (s *state) couldBeMade(claim *Claim, at string) bool {
	class, _ := s.classes.Get(Key{Name: claim.Class})
	node, known := s.index.Lookup(at)
	switch {
	case !known, class == nil, !class.Delayed, !class.Provisions():
		return false
	case claim.Selector != nil, claim.SelectorErr != nil:
		return false // external-provisioner: 'claim Selector is not supported'
	case claim.Populated, !claim.HasRequest:
		return false
	case class.Allowed != nil && !s.index.Match(class.Allowed).Has(node):
		return false
	}
	some := false
	for pool := range s.poolsReached(claim.Class, at) {
		some = true
		if limit, ok := pool.VolumeLimit(); ok && limit >= claim.Request && (pool.Capacity < 0 || pool.Capacity >= claim.Request) {
			return true
		}
	}
	if some {
		return false
	}
	// Without a pool no room is taken. Where the driver has its pools looked at, in-tree rules out a node that reaches none.
	driver, _ := s.drivers.Get(Key{Name: class.Provisioner})
	return driver == nil || !driver.StorageCapacity
}

// withinShare reports whether the claim's namespace stays within Options.NamespaceShare of a pool that the claim may be in.
func (s *state) withinShare(claim *Claim) bool {
	if s.limits.namespaceShare <= 0 {
		return true
	}
	limited := false
	for pool := range s.poolsReached(claim.Class, claim.SelectedNode) {
		if pool.Capacity < 0 {
			return true
		}
		limited = true
		sum := claim.Request
		for r := range s.Reservations(claim.Class) {
			if r.Claim.Namespace == claim.Namespace && r.Claim != claim.Key() && s.reaches(r, pool) {
				sum = AddBytes(sum, r.Bytes)
			}
		}
		if float64(sum) <= s.limits.namespaceShare*float64(pool.Capacity) {
			return true
		}
	}
	return !limited
}
