// SPDX-License-Identifier: Apache-2.0

package topology

import "github.com/moorage-k8s/moorage/topology/nodeset"

// NodeSet is a set of the nodes of one Snapshot.
type NodeSet = nodeset.Set

// Selector is a condition on the labels of nodes.
type Selector = nodeset.Selector

// NewNodeSet returns an empty set for a cluster of size nodes.
func NewNodeSet(size int) NodeSet { return nodeset.New(size) }
