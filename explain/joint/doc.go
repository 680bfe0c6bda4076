// SPDX-License-Identifier: Apache-2.0

// Package joint answers where a pod can run and why not elsewhere, out of both halves: the engine's verdict on its volumes and nodefit's
// on everything else. It finds the smallest set of constraints, of either half, that is to blame, what each node lacks, and which changes help;
// each change has been made on a copy, and both halves asked again.
//
// It returns data with the evidence of the predicate or filter itself, and no words for people. It decides nothing: about volumes it says what
// the engine says to kube-scheduler, about the rest what kube-scheduler's own filters say.
package joint
