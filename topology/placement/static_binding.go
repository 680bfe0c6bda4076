// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/moorage-k8s/moorage/topology"
)

// delayedClaim is a delayed volume of the pod, and where it would be provisioned rather than bound to a volume that exists.
type delayedClaim struct {
	// volume is the index in Demand.Volumes.
	volume int
	*Volume
	// matches are the existing volumes that would be bound, each with the nodes on which it would be.
	matches []staticMatch
	// provision are the nodes on which no existing volume would be bound. It may be shared and must not be changed.
	provision topology.NodeSet
	// elsewhere are the nodes refused because provisioning for another node was asked for already; empty if not.
	elsewhere topology.NodeSet
}

// takenVolumes are the nodes on which a volume is taken by a claim of the pod, by the volume's name.
type takenVolumes map[string]topology.NodeSet

type staticMatch struct {
	volume *topology.Volume
	nodes  topology.NodeSet
}

// delayedClaims matches the pod's delayed claims to existing volumes as findMatchingVolumes of kube-scheduler's
// volumebinding does: claims by ascending size, each taking on each node the smallest volume that fits and is not taken by
// a claim before it; what is left is to be provisioned. A claim for which a node was selected before is provisioned there
// or nowhere. In-tree does this node by node; here each step is done for all nodes at once.
func delayedClaims(s *topology.Snapshot, d *Demand) []delayedClaim {
	var delayed []delayedClaim
	for i := range d.Volumes {
		if v := &d.Volumes[i]; v.State == Delayed {
			delayed = append(delayed, delayedClaim{volume: i, Volume: v})
		}
	}
	bySize := make([]*delayedClaim, len(delayed))
	for i := range delayed {
		bySize[i] = &delayed[i]
	}
	slices.SortStableFunc(bySize, func(a, b *delayedClaim) int { return cmp.Compare(a.Claim.Request, b.Claim.Request) })
	taken := takenVolumes{}
	for _, c := range bySize {
		if c.Claim.HasSelectedNode {
			c.selectedNode(s)
		} else {
			c.matchStatic(s, taken)
		}
	}
	return delayed
}

func (c *delayedClaim) selectedNode(s *topology.Snapshot) {
	c.provision = topology.NewNodeSet(s.NumNodes())
	if i, ok := s.NodeIndex(c.Claim.SelectedNode); ok {
		c.provision.Add(i)
	}
	c.elsewhere = c.provision.Clone()
	c.elsewhere.Not()
}

// matchStatic finds the volumes that the claim would be bound to, and notes them as taken. A volume that is kept for the
// claim decides a node by itself, for or against; only where it is taken already do the others count.
func (c *delayedClaim) matchStatic(s *topology.Snapshot, taken takenVolumes) {
	c.provision = s.AllNodes()
	open := c.provision
	for v := range s.KeptFor(c.Claim.Key()) {
		if v.Class != c.Claim.Class || !v.KeptFor(c.Claim) || !fitsClaim(v, c.Claim) {
			continue
		}
		free := taken.free(v, s.AllNodes())
		c.take(s, v, free, taken)
		open = open.Clone()
		open.AndNot(free)
	}
	if open.Empty() {
		return
	}
	var candidates []*topology.Volume
	for v := range s.Unclaimed(c.Claim.Class) {
		if fitsClaim(v, c.Claim) && v.AccessModes.Has(c.Claim.AccessModes) &&
			(c.Claim.Selector == nil || c.Claim.Selector.Matches(labels.Set(v.Labels))) {
			candidates = append(candidates, v)
		}
	}
	slices.SortFunc(candidates, func(a, b *topology.Volume) int {
		return cmp.Or(cmp.Compare(a.Capacity, b.Capacity), cmp.Compare(a.Name, b.Name))
	})
	for _, v := range candidates {
		if c.provision.Empty() {
			break
		}
		c.take(s, v, taken.free(v, open), taken)
	}
}

// take binds the claim to the volume on those of the nodes that reach it and where the claim has none yet.
func (c *delayedClaim) take(s *topology.Snapshot, v *topology.Volume, nodes topology.NodeSet, taken takenVolumes) {
	bound := s.Nodes(v.Affinity).Clone()
	bound.And(nodes)
	bound.And(c.provision)
	if bound.Empty() {
		return
	}
	c.provision = c.provision.Clone()
	c.provision.AndNot(bound)
	c.matches = append(c.matches, staticMatch{v, bound})
	taken.add(v, bound)
}

// free returns those of the nodes on which the volume is not taken. The set must not be changed.
func (t takenVolumes) free(v *topology.Volume, nodes topology.NodeSet) topology.NodeSet {
	before, ok := t[v.Name]
	if !ok {
		return nodes
	}
	out := nodes.Clone()
	out.AndNot(before)
	return out
}

func (t takenVolumes) add(v *topology.Volume, nodes topology.NodeSet) {
	if before, ok := t[v.Name]; ok {
		before.Or(nodes)
	} else {
		t[v.Name] = nodes.Clone()
	}
}

// fitsClaim is what a volume must meet before it is asked whether it is kept for the claim (FindMatchingVolume of
// k8s.io/component-helpers/storage/volume).
func fitsClaim(v *topology.Volume, c *topology.Claim) bool {
	return v.Capacity >= c.Request && v.Block == c.Block && v.AttributesClass == c.AttributesClass && !v.Deleting
}

// delayedOf is the delayed claim of a volume of the pod.
func (q *query) delayedOf(volume int) *delayedClaim {
	at := slices.IndexFunc(q.delayed, func(c delayedClaim) bool { return c.volume == volume })
	return &q.delayed[at]
}
