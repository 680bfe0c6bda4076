// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"slices"

	"github.com/moorage-k8s/moorage/topology"
)

// Evidence is what a predicate rejected one node for. It names what is to blame and nothing else: where all of it is taken away, the
// predicate no longer rejects the node for this reason, and as long as any of it is left it does. Which fields are set depends on the
// reason; what they hold is shared and must not be changed.
type Evidence struct {
	// Pods hold what the pod cannot share: ReasonReadWriteOncePod, ReasonDiskConflict, ReasonSingleWriter.
	Pods []*topology.Pod
	// Driver is not registered (ReasonDriverRequired, ReasonDriverReady), has too few attach slots (ReasonAttachLimit), or cannot tell
	// where to provision (ReasonTopologyKeys, ReasonTopologyLabels, ReasonForeignTopology).
	Driver string
	// Labels are the label keys that the node lacks (ReasonTopologyLabels), or those of the class's allowedTopologies by which the driver does
	// not provision (ReasonForeignTopology), which does so by Keys.
	Labels, Keys []string
	// Conditions are on a node's labels, and the node does not meet them: a volume's affinity (ReasonVolumeAffinity), its zones
	// (ReasonVolumeZone), or the class's allowedTopologies (ReasonNoVolume, where the class provisions). For ReasonForeignTopology the node does
	// meet the allowedTopologies.
	Conditions []*topology.Selector
	// Claims are the pod's own that cannot be bound or provisioned there, the largest first: ReasonSelectedNode, ReasonNoVolume,
	// ReasonSource, ReasonCapacity, ReasonJointCapacity, ReasonReserved. Class is theirs.
	Claims []*topology.Claim
	Class  string
	// Origin is what the claim's volume is to be made from: ReasonSource. Conditions are then those on nodes that reach it, of which one would do.
	Origin *topology.Origin
	// Disk is the type of a volume's disk that machines of the node's type, Machine, cannot attach: ReasonDiskMachine. Class is the one that says so.
	Disk, Machine string
	// Replicas are the nodes that hold a replica of the volume: ReasonRebuildRoom.
	Replicas []string
	// Pools are those of the class that the node reaches, with what is left in them, those with most room first: ReasonCapacity,
	// ReasonJointCapacity, ReasonReserved.
	Pools []*Room
	// Promises are of claims of other pods; with the room for these, the claims would fit: ReasonReserved. They are as few as will do, the
	// largest first.
	Promises []Promise
	// Wanted is what is asked of the node, and Had what it has left, which is less: attach slots (ReasonAttachLimit; negative where more
	// are taken than there are), the size of the claim and of the largest volume that can be made (ReasonCapacity; negative where no pool
	// says), the size of the volume and of the largest of which a replica can be made (ReasonRebuildRoom), or bytes in all the pools together (ReasonJointCapacity, ReasonReserved; among several pools, enough in all may still not
	// be enough in any).
	Wanted, Had int64
}

// Promise is room that a claim of another pod was promised.
type Promise struct {
	Claim topology.Key
	Bytes int64
	// Node is where it will be; empty where that cannot be seen yet.
	Node string
}

// Because returns for what an elimination rejects node i, which must be one of its nodes. It asks the predicate that did, which looks again
// at this one node; nothing is kept for it when nodes are judged. It is not safe for concurrent use.
func (v *Verdict) Because(e *Elimination, i int) Evidence {
	at := slices.IndexFunc(predicates, func(p predicate) bool { return p.name == e.Predicate })
	return predicates[at].because(v.query, e, i)
}
