// SPDX-License-Identifier: Apache-2.0

// Package topology is moorage's view of a cluster's storage, and the vocabulary of the whole program: nodes and their segments,
// claims, volumes, classes, drivers, pools, attachments, and the pods that use them.
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
// Data flows one way: a source (package live for an API server, package manifests for files) calls the Cache; readers see
// Snapshots. The package knows nothing of HTTP, of admission, or of the scheduler's wire types.
//
// The files form six rooms, told apart by their names:
//
//   - the vocabulary: one file for each thing that there is (node.go, volume.go, claim.go, pool.go, pod.go …), with what moorage
//     keeps of the API object; kind.go is the table of kinds, and a new kind is a new row of it;
//   - state*.go: the state machine, which changes one object and all that follows from it. It knows no lock, timer or reader;
//   - reservation*.go: the part of the state that remembers room which is promised and not yet published;
//   - cache*.go: the lock around one state, with timers, freshness and metrics;
//   - snapshot*.go: what readers ask;
//   - draft*.go: states that a person changes, to ask what would be.
//
// Below them, nodeset (sets of nodes, selectors, the node index) and hamt (persistent maps) are leaves.
package topology
