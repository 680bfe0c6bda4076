// SPDX-License-Identifier: Apache-2.0

// Package nodeset says which nodes are meant: sets of nodes as bits, the conditions on labels that volumes, classes and pools
// put on nodes, and the index on which a condition compiles to a set once.
//
// It is a leaf: it knows labels and the API types that carry conditions, and nothing of storage, caches or scheduling.
package nodeset
