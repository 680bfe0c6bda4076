// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"fmt"
	"slices"

	"github.com/moorage-k8s/moorage/topology"
)

// predicate rules out nodes. It reports every set of nodes that it refuses through refuse, and passes what it cannot decide.
type predicate struct {
	name string
	run  func(q *query)
	// because looks again at one node that run has rejected, with the helpers of run, and returns the evidence.
	because func(q *query, e *Elimination, node int) Evidence
	// byDefault is the mode of a predicate that judges what kube-scheduler does not; empty for the others, which agree with it and are always enforced.
	byDefault Mode
}

// The names of the predicates, for configuration and explanations.
const (
	ReadWriteOncePod     = "ReadWriteOncePod"
	ExclusiveDisk        = "ExclusiveDisk"
	DriverRequired       = "DriverRequired"
	AttachLimits         = "AttachLimits"
	VolumeAffinity       = "VolumeAffinity"
	ProvisioningTopology = "ProvisioningTopology"
	PoolCapacity         = "PoolCapacity"
	VolumeZone           = "VolumeZone"
	SingleWriter         = "SingleWriter"
	DriverReady          = "DriverReady"
	DiskMachine          = "DiskMachine"
	TopologyKeys         = "TopologyKeys"
	Sources              = "Sources"
	JointCapacity        = "JointCapacity"
	RebuildRoom          = "RebuildRoom"
)

// predicates are all there are, in the order in which they are asked; a node's reason is that of the first to refuse it.
// The order is that of kube-scheduler's plugins (VolumeRestrictions, NodeVolumeLimits, VolumeBinding, VolumeZone), with
// moorage's own predicates last. Of these the one whose reason stays true when the others' are fixed comes first: while
// another pod has the volume no change to a node helps; where the driver is missing so are its topology keys; a machine stays what it is; a driver that
// cannot provision there at all makes no clone there; and how much room a pool has matters only where the driver could provision from it.
// Where a replica could be rebuilt comes last: the pod can use the volume there all the same.
var predicates = []predicate{
	{ReadWriteOncePod, readWriteOncePod, readWriteOncePodBecause, ""},
	{ExclusiveDisk, exclusiveDisk, exclusiveDiskBecause, ""},
	{DriverRequired, driverRequired, driverRequiredBecause, ""},
	{AttachLimits, attachLimits, attachLimitsBecause, ""},
	{VolumeAffinity, volumeAffinity, volumeAffinityBecause, ""},
	{ProvisioningTopology, provisioningTopology, provisioningTopologyBecause, ""},
	{PoolCapacity, poolCapacity, poolCapacityBecause, ""},
	{VolumeZone, volumeZone, volumeZoneBecause, ""},
	{SingleWriter, singleWriter, singleWriterBecause, Enforce},
	{DriverReady, driverReady, driverReadyBecause, Enforce},
	{DiskMachine, diskMachine, diskMachineBecause, Score},
	{TopologyKeys, topologyKeys, topologyKeysBecause, Enforce},
	{Sources, sources, sourcesBecause, Enforce},
	{JointCapacity, jointCapacity, jointCapacityBecause, Enforce},
	{RebuildRoom, rebuildRoom, rebuildRoomBecause, Off},
}

// query is one run of the predicates.
type query struct {
	s       *topology.Snapshot
	d       *Demand
	delayed []delayedClaim
	pending []Pending
	verdict *Verdict
	asking  string
	// atSource and machines are the configuration's.
	atSource AtSource
	machines DiskMachines
	mode     Mode

	// What follows is for evidence, and made when it is first asked for.
	rooms map[string]*Rooms
	joint map[string]*jointQuestion
}

// refuse takes nodes out of the feasible ones, or with the mode Score puts them below the others. The set is kept: it must
// not be changed afterwards.
func (q *query) refuse(volume int, reason Reason, nodes topology.NodeSet) {
	q.eliminate(Elimination{Volume: volume, Reason: reason, Nodes: nodes})
}

// refuseFor is refuse where it is not one volume that is to blame, but those of one driver or class.
func (q *query) refuseFor(subject string, reason Reason, nodes topology.NodeSet) {
	q.eliminate(Elimination{Volume: PodLevel, Subject: subject, Reason: reason, Nodes: nodes})
}

func (q *query) eliminate(e Elimination) {
	if e.Nodes.Empty() {
		return
	}
	if q.mode == Score {
		q.verdict.demote(e.Nodes)
		return
	}
	e.Predicate = q.asking
	q.verdict.Feasible.AndNot(e.Nodes)
	q.verdict.Eliminations = append(q.verdict.Eliminations, e)
}

// ask runs one predicate. One that panics has decided nothing more.
func (q *query) ask(p *predicate, mode Mode) {
	defer func() {
		if fault := recover(); fault != nil {
			q.verdict.Undecided = append(slices.Clip(q.verdict.Undecided),
				Undecided{Cause: CausePredicateFailed, Detail: fmt.Sprintf("predicate %s failed: %v", p.name, fault)})
		}
	}()
	q.asking, q.mode = p.name, mode
	p.run(q)
}
