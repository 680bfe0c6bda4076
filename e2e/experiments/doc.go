// SPDX-License-Identifier: Apache-2.0

// Package experiments measures what moorage is worth to a cluster, and what it costs: bursts of pods against pools that are
// nearly full, the scheduler's throughput, and the balance of a StatefulSet over zones.
//
// Each experiment runs on a real control plane, with the real kube-scheduler at full speed and the real external-provisioner, once without and
// once with moorage for each repetition, in alternating order, so that both meet the same machine. A report holds figures of both
// sides and names the promises that moorage broke, if any; absolute times mean little away from the machine.
package experiments
