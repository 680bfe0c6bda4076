// SPDX-License-Identifier: Apache-2.0

// Package topology is the picture that moorage has of a cluster's storage, and the vocabulary of the whole program: nodes
// and their segments, claims, volumes, classes, drivers, pools, attachments, and the pods that use them.
//
// It promises its readers that
//
//   - Cache.Snapshot is one atomic load; the Snapshot is immutable and complete, and the same question asked of it twice has
//     the same answer. It can be kept for as long as it is wanted;
//   - an event costs the change that it brings, not a copy of the cluster. Changes of nodes are gathered for a moment
//     (Options.NodeDelay) and applied together;
//   - what the objects say in selectors (a volume's node affinity, a class's allowedTopologies, a pool's nodeTopology) is
//     compiled to a set of nodes once for all objects that say the same, and again only when nodes change;
//   - objects are trimmed on the way in, and Secrets are never read.
//
// Data flows one way: a source (package live for an API server, package manifest for files) calls the Cache; readers see
// Snapshots. The package knows nothing of HTTP, of admission, or of the scheduler's wire types.
package topology
