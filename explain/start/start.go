// SPDX-License-Identifier: Apache-2.0

package start

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/moorage-k8s/moorage/explain/event"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// Objects are whole objects, for what a snapshot does not keep of them. Each function may be nil, and return nil for what there is not.
type Objects struct {
	Pod         func(topology.Key) *corev1.Pod
	Node        func(name string) *corev1.Node
	Attachments func(volume string) []*storagev1.VolumeAttachment
	Data        Data
}

// Question is a pod that has its node.
type Question struct {
	Objects
	Snapshot *topology.Snapshot
	Pod      *corev1.Pod
	// Volumes are the pod's, as the engine sees them.
	Volumes []placement.Volume
	// Events are the Warning events of the pod, its claims and their volumes, the newest first.
	Events []event.Event
	// Now is the time of the answer; zero where that is not known. Seen is the newest time in what is known: it is no earlier than that.
	Now, Seen time.Time
}

// State is how far a pod with a node is.
type State string

// The states.
const (
	// Runs has containers that run, or is not known not to have any.
	Runs State = "running"
	// Starting has not started, and nothing is seen that keeps it.
	Starting State = "starting"
	// Hanging does not start because of a volume.
	Hanging State = "hanging"
	// Failing does not run for a reason that is none of its volumes.
	Failing State = "failing"
	// NodeLost is on a node that is gone or not ready, and has not started there.
	NodeLost State = "nodeLost"
	// Deleting is being deleted, and DeletingLong should have been gone by now.
	Deleting     State = "deleting"
	DeletingLong State = "deletingLong"
)

// Answer is what is known of a pod that has its node.
type Answer struct {
	State State
	Node  Node
	// Faults are what keeps it, the one that comes first first; of volumes only where the pod has not started.
	Faults []Fault
	// Container is what else keeps it from running.
	Container *Container
	// Mounted tells that its volumes are there, and Init is the init container that runs: of a pod that is Starting.
	Mounted bool
	Init    string
	// Deleted is when it should have ended, Finalizers keep it, and Controller makes another in its place, such as 'StatefulSet db'.
	Deleted    time.Time
	Finalizers []string
	Controller string
	// Now is the time of the answer, for how long something has lasted; zero where that is not known.
	Now time.Time
}

// Blocked reports whether the pod cannot run as things are, and its own containers are not to blame.
func (a *Answer) Blocked() bool {
	switch a.State {
	case Hanging, NodeLost, DeletingLong:
		return true
	default:
		return false
	}
}

// Node is a node as far as it decides whether a volume comes or goes.
type Node struct {
	Name string
	// Gone tells that it is not in the cluster, Ready that its kubelet reports, Since since when it does not, where that is known.
	Gone, Ready bool
	Since       time.Time
	// OutOfService has the taint that declares it dead for good.
	OutOfService bool
}

// Lost reports whether the node's kubelet does nothing for its pods.
func (n *Node) Lost() bool { return n.Gone || !n.Ready }

// grace is how long after its time a pod that is being deleted may take, for volumes to be unmounted.
const grace = 2 * time.Minute

// Of answers for a pod that has its node.
func Of(q Question) *Answer {
	a := &Answer{Node: q.node(q.Pod.Spec.NodeName), Now: q.Now, Controller: controllerOf(q.Pod)}
	if q.Pod.DeletionTimestamp != nil {
		a.Deleted, a.Finalizers, a.State = q.Pod.DeletionTimestamp.Time, q.Pod.Finalizers, Deleting
		if late := a.Deleted.Add(grace); a.Node.Lost() || q.Now.After(late) || q.Seen.After(late) {
			a.State = DeletingLong
		}
		return a
	}
	if q.Pod.Status.Phase != corev1.PodPending && !a.Node.Gone {
		a.State, a.Container = Runs, runningTrouble(q.Pod)
		if a.Container != nil {
			a.State = Failing
		}
		return a
	}
	mounted := mounted(q.Pod) || q.sandboxFails() != nil
	if !mounted {
		a.Faults = q.faults(a.Node.Name)
	}
	a.Container = q.container()
	if a.Container != nil && a.Container.Known != nil {
		a.Faults = append(a.Faults, Fault{Kind: OfContainer, Event: a.Container.Event, Known: a.Container.Known})
	}
	switch {
	case a.Node.Lost():
		a.State = NodeLost
	case keeps(a.Faults):
		a.State = Hanging
	case a.Container != nil:
		a.State = Failing
	default:
		a.State, a.Mounted, a.Init = Starting, mounted, runningInit(q.Pod)
	}
	return a
}

// keeps reports whether a fault is one that keeps the pod, and not one that ends by itself.
func keeps(faults []Fault) bool {
	for i := range faults {
		if !faults[i].Passing() {
			return true
		}
	}
	return false
}

// node is what is known of a node. One of which nothing is said is taken to be ready.
func (q *Question) node(name string) Node {
	out := Node{Name: name, Ready: true}
	i, known := q.Snapshot.NodeIndex(name)
	if !known {
		out.Gone = q.Snapshot.NumNodes() > 0
		return out
	}
	out.OutOfService = q.Snapshot.Node(i).OutOfService
	if q.Node == nil {
		return out
	}
	if whole := q.Node(name); whole != nil {
		for k := range whole.Status.Conditions {
			if c := &whole.Status.Conditions[k]; c.Type == corev1.NodeReady && c.Status != corev1.ConditionTrue {
				out.Ready, out.Since = false, c.LastTransitionTime.Time
			}
		}
	}
	return out
}
