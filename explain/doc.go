// SPDX-License-Identifier: Apache-2.0

// Package explain answers why: why a pod could land here and not there, what holds a claim back, what a node can take.
//
// It asks the engine of package placement, on the same snapshot and by the same question as the extender; it never decides anything
// itself, so it cannot disagree with what kube-scheduler was answered. What it names as the cause is the evidence of the predicate that
// rejected the node. A change that it suggests has been made on a draft of the snapshot, and the engine asked again.
//
// What it returns is data in a stable order, without sentences: those are made from it by the package that prints. It knows nothing of
// where a snapshot comes from.
package explain
