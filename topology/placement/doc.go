// SPDX-License-Identifier: Apache-2.0

// Package placement is the engine: on which nodes could a pod run, as far as its volumes go, why not on the others, and
// which of those that remain are better.
//
// It is asked by the extender, by admission rules that look things up, and by the command line, and gives all of them the
// same answer: a pure function of one topology.Snapshot and one pod. Predicates and scorers stand in two explicit lists
// (predicates.go, scorers.go), each in a file of its own. They work on sets of nodes, so the price of an answer hardly
// depends on the number of nodes.
//
// What cannot be decided passes: a missing object is most likely one that the cache has not seen yet, kube-scheduler's own
// plugins ran before, and to be wrongly strict would strand a pod. Demand.Undecided says so.
//
// The package knows nothing of HTTP, of informers, of admission or of printing.
package placement
