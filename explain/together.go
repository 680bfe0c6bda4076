// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/explain/joint"
	"github.com/moorage-k8s/moorage/internal/upstream"
	"github.com/moorage-k8s/moorage/nodefit"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// Together is what volumes and kube-scheduler's other filters say of a waiting pod between them.
type Together struct {
	// Constraints are all that reject nodes, of either half.
	Constraints []Constraint
	// Blamed are the fewest that are to blame, by index; none where the pod fits, and where it takes more than a person can follow.
	Blamed []int
	// Innocent tells that no volume is among them.
	Innocent bool
	// Tie is the one of Blamed that leaves the nodes which all others of Blamed reject, and Left these nodes; negative where there is none such.
	Tie  int
	Left Place
	// Fits is where both halves pass the pod.
	Fits Place
	// Lacks are what each node lacks, by the node's index.
	Lacks [][]joint.Lack
	// Unreadable is what kube-scheduler says of a pod that it cannot read, and therefore places nowhere.
	Unreadable string
	// Unfound are reasons of kube-scheduler's last message that neither half finds. Doubted tells that they may well be true: not all of
	// what they are about was looked at.
	Unfound []joint.Said
	Doubted bool
	// Newest tells that they are doubted because nothing that is seen has changed since they were said.
	Newest bool
	// Message is what kube-scheduler says of the pod if it fits nowhere.
	Message string
	// Helps are changes that both halves were asked about.
	Helps []joint.Help
	// SetBy are the labels that drivers set on nodes when they start there, each with a driver.
	SetBy map[string]string
	// Pod is the pod that was asked about, and Volumes are its volumes.
	Pod     *corev1.Pod
	Volumes []placement.Volume
}

// Constraint is one of either half: Cause for one of volumes, Filter for one of kube-scheduler's.
type Constraint struct {
	Cause    *Cause
	Filter   string
	Of       nodefit.Cause
	RuledOut Place
	// Nodes are those that it rejects, or as a part of the cause those among Left.
	Nodes []int
}

// askTogether asks both halves. It is for a pod that waits.
func (q *asked) askTogether(question *Question) {
	if question.Others == nil || question.Whole == nil || question.Pod.Node != "" || question.Pod.Terminal || q.Snapshot.NumNodes() == 0 {
		return
	}
	a := joint.Ask(joint.Question{Snapshot: q.Snapshot, Engine: q.Engine, Others: question.Others, Pod: nodefit.AsCreated(question.Whole)})
	if q.d, q.v = a.Demand, a.Volumes; q.held() {
		return
	}
	q.joint = a
	unfound := a.Unfound(q.Said)
	unlooked := doubted(unfound, append(unknownOf(q.Unlisted), a.Filters.Unknown...))
	q.newest = !unlooked && q.saidLast(unfound)
	if !a.Feasible.Empty() && (unlooked || q.newest) {
		q.doubted = a.Feasible
	}
}

// saidLast reports whether kube-scheduler gave its reasons after all changes that are seen of what they are about: nodes, and pods on them. Then it
// knows something that is not seen here, such as pods that files leave out. Of volumes not all times are kept.
func (q *asked) saidLast(unfound []joint.Said) bool {
	return len(unfound) > 0 && !q.Changed.IsZero() && q.SaidAt.After(q.Changed) && !slices.ContainsFunc(unfound, func(s joint.Said) bool {
		return slices.Contains(ofVolumes, s.Text)
	})
}

// ofVolumes are the reasons of kube-scheduler that are about volumes.
var ofVolumes = []string{
	upstream.ReadWriteOncePodInUse, upstream.DiskConflict, upstream.MaxVolumeCount, upstream.VolumeAffinity, upstream.NothingToBind,
	upstream.NotEnoughStorage, upstream.NoVolumeZone,
}

// doubted reports whether what kube-scheduler says beside may be so: some of it was not looked at, or it is of a plugin that is not asked.
// What is merely over does not count.
func doubted(unfound []joint.Said, unknown []string) bool {
	return len(unfound) > 0 && (len(unknown) > 0 || slices.ContainsFunc(unfound, func(s joint.Said) bool {
		return !Kubernetes(s.Text)
	}))
}

// looked are the reasons of kube-scheduler that are looked at where all is known, beside a lack of room.
var looked = []string{
	upstream.NotThatNode, upstream.Unschedulable, upstream.UntoleratedTaints, upstream.NodeAffinity, upstream.PortsTaken, upstream.TooManyPods,
	upstream.Spread, upstream.Spread + upstream.SpreadMissingLabel, upstream.PodAffinity, upstream.PodAntiAffinity, upstream.ExistingAntiAffinity,
	upstream.ReadWriteOncePodInUse, upstream.DiskConflict, upstream.MaxVolumeCount, upstream.VolumeAffinity, upstream.NothingToBind,
	upstream.NotEnoughStorage, upstream.NoVolumeZone,
	placement.ReasonReserved.String(), placement.ReasonSingleWriter.String(), placement.ReasonDriverReady.String(),
	placement.ReasonJointCapacity.String(), placement.ReasonTopologyLabels.String(), placement.ReasonTopologyKeys.String(),
	placement.ReasonForeignTopology.String(), placement.ReasonSource.String(),
	placement.ReasonRebuildRoom.String(), placement.ReasonDiskMachine.String(),
}

// Kubernetes reports whether a reason of kube-scheduler is one of its own, and not of a plugin that nobody here knows.
func Kubernetes(reason string) bool {
	return strings.HasPrefix(reason, upstream.Insufficient) || slices.Contains(looked, reason)
}

// blame is what both halves say, without what would help; nil where only volumes were looked at.
func (q *asked) blame(causes []Cause) *Together {
	a := q.joint
	if a == nil {
		return nil
	}
	t := &Together{
		Blamed: a.Cause(), Tie: -1, Fits: q.zones.place(a.Feasible), Lacks: make([][]joint.Lack, q.Snapshot.NumNodes()),
		Unfound: a.Unfound(q.Said), Doubted: q.doubted.Size() > 0, Newest: q.newest, Pod: a.Pod, Volumes: a.Demand.Volumes,
	}
	t.Innocent = a.Innocent(t.Blamed)
	if a.Filters.Unreadable != nil {
		t.Unreadable = a.Filters.Unreadable.Text
	}
	volumes := 0
	for k := range a.Constraints {
		c := &a.Constraints[k]
		told := Constraint{Filter: c.Filter, Of: c.Cause, RuledOut: q.zones.place(c.Nodes), Nodes: slices.Collect(c.Nodes.All())}
		if c.Predicate != "" { // Those of volumes are in the order of the causes.
			told.Cause = &causes[volumes]
			volumes++
		}
		t.Constraints = append(t.Constraints, told)
	}
	for i := range t.Lacks {
		t.Lacks[i] = a.Lacks(i)
	}
	q.tie(t)
	return t
}

// tie looks for the constraint by which the cause is best told: a volume that has its place, or else one that leaves nodes.
func (q *asked) tie(t *Together) {
	if len(t.Blamed) < 2 {
		return
	}
	rank := func(k int) int {
		c := &t.Constraints[k]
		switch {
		case len(c.Nodes) == q.Snapshot.NumNodes():
			return 0
		case c.Cause != nil && c.Cause.Ties():
			return 4
		case c.Cause != nil && (c.Cause.Reason == placement.ReasonSingleWriter || c.Cause.Reason == placement.ReasonNoVolume):
			return 3
		case c.Filter == nodefit.NodeName || c.Filter == nodefit.NodeAffinity:
			return 2
		default:
			return 0
		}
	}
	best := 0
	for _, k := range t.Blamed {
		if r := rank(k); r > best {
			t.Tie, best = k, r
		}
	}
	if t.Tie < 0 {
		return
	}
	left := q.joint.Constraints[t.Tie].Nodes.Clone()
	left.Not()
	t.Left = q.zones.place(left)
	for _, k := range t.Blamed {
		if k == t.Tie {
			continue
		}
		c := &t.Constraints[k]
		if c.Nodes = slices.DeleteFunc(c.Nodes, func(i int) bool { return !left.Has(i) }); len(c.Nodes) == 0 {
			// It must be lifted too, but says nothing of the nodes that are left: then the cause is not told by the tie.
			t.Tie = -1
			for _, k := range t.Blamed {
				t.Constraints[k].Nodes = slices.Collect(q.joint.Constraints[k].Nodes.All())
			}
			return
		}
	}
}

// unknown is what was not looked at.
func (q *asked) unknown() []string {
	switch {
	case q.Pod.Node != "" || q.Pod.Terminal || q.held():
		return nil
	case q.Unseen != "":
		return append(unknownOf(q.Unlisted), "what decides beside volumes (CPU, memory, taints, affinity, ports, spread): "+q.Unseen)
	case q.joint == nil:
		return unknownOf(q.Unlisted)
	}
	return append(unknownOf(q.Unlisted), q.joint.Filters.Unknown...)
}

// fitsTogether leaves out nodes that kube-scheduler's other filters reject, without the pods that are gone, and those on which the pod is said to
// fit already.
func (q *asked) fitsTogether(s *topology.Snapshot, nodes topology.NodeSet, gone []topology.Key) topology.NodeSet {
	if q.joint == nil {
		return nodes
	}
	nodes = nodes.Clone()
	others := q.joint.FitsOn(s, gone)
	for i := range nodes.All() {
		if before, known := q.Snapshot.NodeIndex(s.Node(i).Name); !others.Has(i) || known && q.doubted.Size() > 0 && q.doubted.Has(before) {
			nodes.Remove(i)
		}
	}
	return nodes
}
