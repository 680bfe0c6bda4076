// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	"github.com/moorage-k8s/moorage/catalog"
	"github.com/moorage-k8s/moorage/topology"
)

// placeOfSource returns the volume that a claim's own is to be made from, and the nodes from which that can be reached; ok is false where its driver may
// make the new volume elsewhere, or where that is not known.
func (in *Input) placeOfSource(claim *topology.Claim, class *topology.Class) (source string, nodes topology.NodeSet, ok bool) {
	driver, known := in.Catalog.Driver(class.Driver)
	if !known || claim.Source.Name == "" {
		return "", nodes, false
	}
	reach := driver.CloneTopology.OfVolume
	if claim.Source.Snapshot {
		reach = driver.CloneTopology.OfSnapshot
	}
	if reach(class.Object.Parameters) != catalog.CloneAtSource {
		return "", nodes, false
	}
	origin, found := in.Lookup.Origin(claim)
	if !found || origin.Driver() != class.Driver {
		return "", nodes, false
	}
	affinities := origin.Affinities()
	if len(affinities) == 0 {
		return "", nodes, false
	}
	nodes = topology.NewNodeSet(in.Lookup.NumNodes())
	for _, affinity := range affinities {
		nodes.Or(in.Lookup.Nodes(affinity))
	}
	return fmt.Sprintf("volume %s of claim %q", origin.Volume.Name, origin.Claim.Name), nodes, true
}
