// SPDX-License-Identifier: Apache-2.0

package placement

import "github.com/moorage-k8s/moorage/topology"

// AtSource reports whether a CSI driver makes the volumes of a class with these parameters that are made from another volume, or from a snapshot,
// only where their source is.
type AtSource func(driver string, parameters map[string]string, snapshot bool) bool

// sources rules out the nodes from which a claim's volume could not be used, since it is to be made from a claim or a snapshot whose place the driver
// does not leave: a clone of a zonal disk is in the disk's zone, a restored LVM snapshot on its node. In-tree looks at no data source. Without it
// the pod is sent to any node, and provisioning fails there ('…must be in the same zone as the source'), or makes the volume at its source, so that
// the pod has to be placed again.
//
// What is not known passes: a driver that AtSource does not speak of, a source of another namespace, one that is not bound or gone, a populator's.
func sources(q *query) {
	for i := range q.delayed {
		c := &q.delayed[i]
		if c.Claim.Source.Name == "" {
			continue
		}
		affinities := q.placeOfSource(c)
		if len(affinities) == 0 {
			continue
		}
		refused := c.provision.Clone()
		for _, affinity := range affinities {
			refused.And(q.outside(affinity))
		}
		q.refuse(c.volume, ReasonSource, refused)
	}
}

// placeOfSource are the conditions on nodes from which the claim's source can be reached; none where that does not matter, or is not known.
func (q *query) placeOfSource(c *delayedClaim) []*topology.Selector {
	if q.atSource == nil || !c.Class.Provisions() || !q.atSource(c.Class.Driver, c.Class.Object.Parameters, c.Claim.Source.Snapshot) {
		return nil
	}
	origin, known := q.s.Origin(c.Claim)
	if !known || origin.Driver() != c.Class.Driver {
		return nil
	}
	return origin.Affinities()
}

func sourcesBecause(q *query, e *Elimination, _ int) Evidence {
	c := q.delayedOf(e.Volume)
	origin, _ := q.s.Origin(c.Claim)
	return Evidence{
		Driver: c.Class.Driver, Claims: []*topology.Claim{c.Claim}, Class: c.Claim.Class, Conditions: origin.Affinities(), Origin: &origin,
	}
}
