// SPDX-License-Identifier: Apache-2.0

package placement

import "github.com/moorage-k8s/moorage/internal/upstream"

// Reason is why a node is refused. Its text starts with 'node(s)' and holds no name or size: kube-scheduler groups nodes
// with the same text in the pod's event.
type Reason uint8

// The reasons, in the order of the predicates that give them. Where kube-scheduler gives the same reason, the text and the
// code are its own, so that its event groups the nodes of both.
const (
	ReasonReadWriteOncePod Reason = iota
	ReasonDiskConflict
	ReasonDriverRequired
	ReasonAttachLimit
	ReasonVolumeAffinity
	ReasonSelectedNode
	ReasonNoVolume
	ReasonCapacity
	ReasonVolumeZone
	ReasonSingleWriter
	ReasonDriverReady
	ReasonDiskMachine
	ReasonTopologyKeys
	ReasonTopologyLabels
	ReasonForeignTopology
	ReasonSource
	ReasonJointCapacity
	ReasonReserved
	ReasonRebuildRoom
	reasonCount
)

// Code tells kube-scheduler whether evicting pods from the node could help.
type Code uint8

const (
	// Unresolvable is UnschedulableAndUnresolvable: no eviction helps. It is the default, since the preemption dry run knows
	// in-tree plugins only and would choose victims in vain.
	Unresolvable Code = iota
	// Unschedulable invites preemption.
	Unschedulable
)

var reasons = [reasonCount]struct {
	text string
	code Code
}{
	ReasonReadWriteOncePod: {upstream.ReadWriteOncePodInUse, Unschedulable},
	ReasonDiskConflict:     {upstream.DiskConflict, Unschedulable},
	ReasonDriverRequired:   {"node(s) did not have a CSI driver installed that a volume requires", Unschedulable},
	ReasonAttachLimit:      {upstream.MaxVolumeCount, Unschedulable},
	ReasonVolumeAffinity:   {upstream.VolumeAffinity, Unresolvable},
	ReasonSelectedNode:     {"node(s) are not the node that a claim of the pod is being provisioned for", Unresolvable},
	ReasonNoVolume:         {upstream.NothingToBind, Unresolvable},
	ReasonCapacity:         {upstream.NotEnoughStorage, Unresolvable},
	ReasonVolumeZone:       {upstream.NoVolumeZone, Unresolvable},
	ReasonSingleWriter:     {"node(s) cannot attach a ReadWriteOnce volume that a pod on another node is using", Unresolvable},
	ReasonDriverReady:      {"node(s) have not registered a CSI driver that a volume needs, as other nodes have", Unresolvable},
	ReasonDiskMachine:      {"node(s) are of a machine type that cannot attach the disk type of a volume", Unresolvable},
	ReasonTopologyKeys:     {"node(s) report no topology keys for the CSI driver that is to provision a volume, as other nodes do", Unresolvable},
	ReasonTopologyLabels:   {"node(s) lack a topology label that the CSI driver needs to provision a volume", Unresolvable},
	ReasonForeignTopology:  {"node(s) are allowed by a class through labels by which its CSI driver does not provision", Unresolvable},
	ReasonSource:           {"node(s) cannot reach where a volume is made from a claim or a snapshot", Unresolvable},
	ReasonJointCapacity:    {"node(s) did not have enough free storage for all claims of the pod together", Unresolvable},
	ReasonReserved:         {"node(s) did not have enough free storage beside what is reserved for other pods", Unresolvable},
	ReasonRebuildRoom:      {"node(s) hold no replica of a volume and have no room to rebuild one", Unresolvable},
}

// String is the text that kube-scheduler shows.
func (r Reason) String() string { return reasons[r].text }

// Code reports whether evicting pods could help.
func (r Reason) Code() Code { return reasons[r].code }

// String is the name that an explanation shows.
func (c Code) String() string {
	if c == Unschedulable {
		return "Unschedulable"
	}
	return "Unresolvable"
}
