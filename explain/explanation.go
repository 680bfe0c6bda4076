// SPDX-License-Identifier: Apache-2.0

package explain

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/explain/autoscaler"
	"github.com/moorage-k8s/moorage/explain/event"
	"github.com/moorage-k8s/moorage/explain/start"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// Object names an object that something is said of.
type Object struct {
	Kind      string `json:"kind,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

// Explanation is where a pod could land as far as its volumes go, and why not elsewhere.
type Explanation struct {
	Pod Object
	// Node is where the pod is already; empty while it waits. Ended tells that it needs none any more.
	Node  string
	Ended bool
	// Failed is why it has ended otherwise than well, where it says that.
	Failed string
	// Fits reports whether some node can take the pod, and kube-scheduler does not hold it back before it looks at nodes; or of a pod that has
	// its node, that nothing but its own containers keeps it from running there.
	Fits bool
	// Start is how far a pod is on the node that it has; nil for one that has none.
	Start *start.Answer
	// Held tells that the pod is held back before any scheduler looks at nodes, and HeldBy for which volumes.
	Held   bool
	HeldBy []Held
	// Before is what it waits for before nodes beside its volumes; nil for nothing. Then is the answer for when that is over.
	Before *Before
	Then   *Explanation
	// Pinned are claims of a pod with a node that wait for a scheduler to choose one, which none will.
	Pinned []string
	// Unserved are drivers of its volumes that run nowhere, and Failing volumes that could not be made.
	Unserved []Unserved
	Failing  []Failing
	// Allowed is on how many nodes the volumes allow the pod.
	Allowed int
	// Causes are in the order of the predicates. Nowhere are the fewest that rule out every node between them, by index: none where a node
	// is left, and where it takes many.
	Causes  []Cause
	Nowhere []int
	// Together is what kube-scheduler's other filters add for a pod that waits; nil where only volumes were looked at. Unknown is what was
	// not looked at, in sentences without a full stop.
	Together *Together
	Unknown  []string
	// Changes are those after which the pod fits, the smallest first.
	Changes []Change
	// Reasons are what kube-scheduler's event gives for nodes where it has no other reason than volumes, with the number of nodes: its
	// own texts.
	Reasons map[string]int
	// Said is what kube-scheduler last wrote into the pod's status, where the pod was read from a cluster.
	Said string
	// Events are the Warning events of the pod, its claims and their volumes, the newest first.
	Events []event.Event
	// Undecided are volumes about which nothing is decided, and which therefore rule out no node.
	Undecided    []Undecided
	Volumes      []Volume
	Reservations []Reservation
	// Uncertain are reservations that may be in the published capacity already, as after a start of moorage and for a command
	// that has just read the cluster. They rule out no node.
	Uncertain []Reservation
	// Group is set where the pod is of a scheduling group whose waiting members have no room together.
	Group *SchedulingGroup
	// Scorers are those that tell the feasible nodes apart, the heaviest first.
	Scorers []string
	// Nodes are all nodes of the cluster, by name.
	Nodes []Node
	// Seen is set where nodes or what decides about them could not be read: what is said then of the pod. Nothing is said of nodes.
	Seen *Seen
	// Autoscaler is why autoscalers add no node, where that was asked; nil for a pod that does not wait for one.
	Autoscaler *autoscaler.Answer
	// Known is what the answer rests on.
	Known Known
}

// Volume is one volume of the pod.
type Volume struct {
	Of *placement.Volume
	// Allowed are the nodes on which the volume alone would allow the pod.
	Allowed Place
	// Existing is on how many of these a delayed claim would be bound to an existing volume, Provisioned on how many one would be made.
	Existing, Provisioned int
	// Eliminated are numbers of nodes by the reason for which this volume rules them out.
	Eliminated map[string]int
}

// Node is the answer for one node.
type Node struct {
	Name string `json:"name"`
	Zone string `json:"zone,omitempty"`
	Fits bool   `json:"fits"`
	// Score is from 0 to 10 and Scores, by scorer, from 0 to 1; for nodes that fit.
	Score  *int               `json:"score,omitempty"`
	Scores map[string]float64 `json:"scores,omitempty"`
	// Demoted tells that a predicate with the mode Score is against the node.
	Demoted bool `json:"demoted,omitempty"`
	// Note is what else could keep pods away: cordoned, not ready, out of service.
	Note string `json:"note,omitempty"`
	// Code and Reasons are for nodes that do not fit. The first reason is the one that kube-scheduler gets.
	Code    string   `json:"code,omitempty"`
	Reasons []string `json:"reasons,omitempty"`
	// Lacks is all that keeps a waiting pod off the node, of volumes and beside them. Fits tells of volumes alone.
	Lacks []Lack `json:"lacks,omitempty"`

	// Causes are those that rule the node out, by index.
	Causes []int `json:"-"`
}

// Lack is one constraint that a node does not meet.
type Lack struct {
	// By is 'volume' or 'filter', and Name the predicate or the filter of kube-scheduler.
	By   string `json:"by"`
	Name string `json:"name"`
	// Evidence says what lacks, with names and numbers.
	Evidence string `json:"evidence"`
}

// Undecided is a volume about which nothing is decided.
type Undecided struct {
	Volume string `json:"volume,omitempty"`
	Cause  string `json:"cause"`
	Detail string `json:"detail"`
}

// Reservation is room that a claim of another pod was promised in a class that this pod wants room of.
type Reservation struct {
	Claim Object `json:"claim"`
	Class string `json:"class"`
	Node  string `json:"node"`
	Bytes int64  `json:"bytes"`
	// Provisioned tells that the volume is made, and the pool's published capacity is from before.
	Provisioned bool `json:"provisioned"`
}

// Known is what an answer rests on.
type Known struct {
	// Source is the API server, or the files.
	Source string `json:"source"`
	// AgeSeconds is how old the knowledge is; 0 where it is less than a minute, as for a cluster that has just been read.
	AgeSeconds int64 `json:"ageSeconds"`
	// Time is that of the knowledge: what ages is as old as it was then. Nil for the present, and for files that tell no time.
	Time *metav1.Time `json:"time,omitempty"`
	// ReservationsFrom is the pod of the running moorage that told which reservations are real; empty where none did.
	ReservationsFrom string `json:"reservationsFrom,omitempty"`
	// Unlisted are kinds that may not be listed, or not in all namespaces: what is counted of them is not all there is.
	Unlisted []string `json:"unlisted,omitempty"`

	Nodes   int `json:"nodes"`
	Pods    int `json:"pods"`
	Claims  int `json:"claims"`
	Volumes int `json:"volumes"`
	Pools   int `json:"pools"`
}
