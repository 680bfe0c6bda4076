// SPDX-License-Identifier: Apache-2.0

// Package oracle proves that moorage's engine agrees with kube-scheduler. It makes random clusters and pods, asks
// kube-scheduler's own volume plugins (VolumeRestrictions, NodeVolumeLimits, VolumeBinding, VolumeZone, in this process) and
// the engine about every node, and compares what they say.
//
// It promises that
//
//   - a round is made from its seed alone, so that a disagreement can be seen again;
//   - what is not compared stands in one table (exemptions.go), each row with its reason, and is recognised by what the
//     objects say, never by the disagreement itself;
//   - a reason that the plugins know and that no round has reached is reported, as is a row of the generator.
//
// It knows the engine only by its exported API.
package oracle
