// SPDX-License-Identifier: Apache-2.0

// Package nodefit says on which nodes a pod can run as far as everything but its volumes goes: kube-scheduler's default filters
// NodeName, NodeUnschedulable, TaintToleration, NodeAffinity, NodePorts, NodeResourcesFit, PodTopologySpread and InterPodAffinity. Package
// topology/placement answers for volumes; both have the same shape: a feasible set, eliminations, and evidence when asked.
//
// It exists for questions of people: explain, simulate and scan read whole nodes, pods and namespaces with the rights of the caller.
// The webhook and the extender never hold these objects, and must not import it.
//
// It promises what the in-tree plugins decide with their default configuration, reason by reason; a test in e2e asks both about random
// clusters. What it cannot know (dynamic resources, namespaces that may not be listed, plugins of others) passes, and Verdict.Unknown
// says so. A Cluster is immutable and safe for concurrent use; a Draft makes the next one.
//
// It knows nothing of HTTP, of informers, of volumes or of printing.
package nodefit
