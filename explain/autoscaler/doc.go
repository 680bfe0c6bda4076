// SPDX-License-Identifier: Apache-2.0

// Package autoscaler tells why an autoscaler of nodes adds none for a pod that waits: what cluster-autoscaler and Karpenter said of the pod, how far
// what they began is, and what of the cluster they cannot see. It is a leaf: it is given what was read and what was found of nodes, and returns facts;
// the words are those of internal/output.
//
// What is known of both is from their sources: cluster-autoscaler's processors/status and clusterstate/api, and Karpenter's
// pkg/controllers/provisioning (v1.14.0).
package autoscaler
