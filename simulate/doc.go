// SPDX-License-Identifier: Apache-2.0

// Package simulate places whole workloads on a view of a cluster, pod by pod, as kube-scheduler with moorage would as far
// as volumes go: each pod is put where the engine of package placement scores best, its claims are bound or provisioned into
// the pools, and the next pod finds what is left. It also takes nodes away and looks which of their pods could come back.
//
// It models volumes, and of what else decides only what a node's name and labels tell (nodeSelector, required node affinity),
// cordons and readiness. It does not model CPU and memory, taints, affinity between pods, spread constraints, priorities and
// preemption, quotas, or anything that an autoscaler would add; Result.Unmodelled names what the workloads ask of these.
//
// It works on a draft of a snapshot and changes nothing else. The same question has the same answer.
package simulate
