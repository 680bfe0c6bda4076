// SPDX-License-Identifier: Apache-2.0

// Package extender speaks kube-scheduler's extender protocol (k8s.io/kube-scheduler/extender/v1): it decodes, asks the
// engine of package placement, and encodes.
//
// kube-scheduler's only scheduling loop waits for these answers, so every path is bounded: in the size of a body, in the
// number of requests at a time, and in time. Of a request only what the engine needs is read, in place. When in doubt a
// node passes: one that the cache does not know, a predicate that fails, a claim that is not there yet. Error is answered
// only to a request that cannot be read, and while the cluster has not been read in full; with `ignorable: true` the
// scheduler then goes on without.
//
// The package does not know how a predicate decides.
package extender
