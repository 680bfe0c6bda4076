// SPDX-License-Identifier: Apache-2.0

// Package filters proves that package nodefit agrees with kube-scheduler. It makes random clusters and pods, asks kube-scheduler's own
// plugins (in this process) and nodefit about every node, and compares filter by filter: whether a node is rejected, the reasons, and
// whether evicting pods could help; and the message of all filters together.
//
// A round is made from its seed alone, so that a disagreement can be seen again. A reason that is hardly ever given, and a filter that hardly
// ever passes a node, fail the run. Package oracle does the same for volumes.
package filters
