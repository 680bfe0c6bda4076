// SPDX-License-Identifier: Apache-2.0

package explain

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Object names an object that something is said of.
type Object struct {
	Kind      string `json:"kind,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

// Explanation is where a pod could land as far as its volumes go, and why not elsewhere.
type Explanation struct {
	Pod Object `json:"pod"`
	// Node is where the pod is already; empty while it waits.
	Node string `json:"node,omitempty"`
	// Fits tells whether some node can take the pod, and kube-scheduler does not hold it back before it looks at nodes.
	Fits bool `json:"fits"`
	// Held tells that kube-scheduler holds the pod back before it looks at nodes: a claim is missing, say.
	Held bool `json:"held,omitempty"`
	// Headline is the cause, in one sentence.
	Headline string `json:"headline"`
	// Suggestion is the smallest change after which the pod fits: the first of Changes, in words. Empty where it fits, and
	// where no change was found.
	Suggestion string   `json:"suggestion,omitempty"`
	Changes    []Change `json:"changes,omitempty"`
	// Message is how the event of the pod begins where kube-scheduler has no other reason than volumes: its own texts, with
	// the number of nodes. Empty where the pod fits somewhere.
	Message string `json:"message,omitempty"`
	// Said is what kube-scheduler last wrote into the pod's status, where the pod was read from a cluster.
	Said string `json:"said,omitempty"`
	// Undecided are volumes about which nothing is decided, and which therefore refuse no node.
	Undecided    []Undecided   `json:"undecided,omitempty"`
	Volumes      []Volume      `json:"volumes"`
	Constraints  []Constraint  `json:"constraints"`
	Reservations []Reservation `json:"reservations,omitempty"`
	// Uncertain are reservations that may be in the published capacity already, as after a start of moorage and for a command
	// that has just read the cluster. They rule out no node.
	Uncertain []Reservation `json:"uncertainReservations,omitempty"`
	// Group is set where the pod is of a scheduling group whose waiting members have no room together.
	Group *SchedulingGroup `json:"group,omitempty"`
	// Scorers are those that tell the feasible nodes apart, the heaviest first.
	Scorers []string `json:"scorers,omitempty"`
	// Nodes are all nodes of the cluster, by name.
	Nodes []Node `json:"nodes"`
	// Known is what the answer rests on.
	Known Known `json:"known"`
}

// Volume is one volume of the pod.
type Volume struct {
	Volume string `json:"volume"`
	Claim  string `json:"claim,omitempty"`
	// State is Bound, Delayed, Inline or Held.
	State  string `json:"state"`
	Driver string `json:"driver,omitempty"`
	Class  string `json:"class,omitempty"`
	// Bytes is the size of the volume, or what the claim asks for; 0 where neither is known.
	Bytes int64 `json:"bytes,omitempty"`
	// PersistentVolume is the volume that a Bound claim has.
	PersistentVolume string `json:"persistentVolume,omitempty"`
	// Where tells a person on which nodes the volume alone would allow the pod.
	Where string `json:"where"`
	// Eliminated are numbers of nodes by the reason for which this volume refuses them.
	Eliminated map[string]int `json:"eliminated"`
}

// Constraint is one reason for which nodes are refused.
type Constraint struct {
	// Volume is to blame; empty where it is the pod's volumes together.
	Volume    string `json:"volume,omitempty"`
	Predicate string `json:"predicate"`
	Reason    string `json:"reason"`
	Code      string `json:"code"`
	// Nodes are how many are refused for it, Alone those of them that nothing else refuses.
	Nodes int `json:"nodes"`
	Alone int `json:"alone"`
	// Detail says it with names.
	Detail string `json:"detail"`
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
	// Code and Reasons are for nodes that do not fit. The first reason is the one that kube-scheduler is told.
	Code    string   `json:"code,omitempty"`
	Reasons []string `json:"reasons,omitempty"`

	// causes are the indexes of the constraints that refuse the node.
	causes []int
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

	Nodes   int `json:"nodes"`
	Pods    int `json:"pods"`
	Claims  int `json:"claims"`
	Volumes int `json:"volumes"`
	Pools   int `json:"pools"`
}
