// SPDX-License-Identifier: Apache-2.0

package simulate

import "github.com/moorage-k8s/moorage/explain"

// Result is where pods and their volumes would land.
type Result struct {
	// Fits reports whether every pod was placed.
	Fits bool
	// Lost are nodes that were taken away.
	Lost []string
	// Pods are in the order in which they were placed.
	Pods  []Pod
	Zones []Zone
	Pools []Pool
	// Uncertain are reservations in the classes of Pools that may be in the published capacity already. They took no room.
	Uncertain []explain.Reservation
	// Unmodelled are things that the workloads ask for and that were not looked at, Unknown what else was left open, in sentences without a
	// full stop.
	Unmodelled []Unmodelled
	Unknown    []string
	// VolumesOnly tells that nothing beside volumes is known.
	VolumesOnly bool
	// Stay are pods of lost nodes that are not placed again.
	Stay  []Stay
	Known explain.Known
}

// Pod is one pod.
type Pod struct {
	// Workload is the kind and name of what the pod belongs to; Lost for one that was on a node which was taken away.
	Workload  string `json:"workload"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// From is the node that the pod was on before, for one of a lost node.
	From string `json:"from,omitempty"`
	// Bare is set for a pod of a lost node that nobody creates again.
	Bare bool `json:"bare,omitempty"`
	// Node is where it was placed; empty where it was not, and then Unplaced is why.
	Node     string    `json:"node,omitempty"`
	Zone     string    `json:"zone,omitempty"`
	Unplaced *Unplaced `json:"-"`
	Volumes  []Volume  `json:"volumes,omitempty"`
}

// Unplaced is why a pod was not placed.
type Unplaced struct {
	// Nowhere is why no node passes it; nil where one does. Message is what kube-scheduler would say in its place, where so many pods find no
	// place that not all of it is kept.
	Nowhere *explain.Explanation
	Message string
	// Only is the one node that it is for, RuledOut the reason of its volumes against that one; empty where there is none.
	Only, RuledOut string
	// Allowed is how many nodes pass it of how many; something else is against each of them.
	Allowed, Of int
	// Closed tells that what is against these is that they are not ready: all else was looked at.
	Closed bool
}

// Stay is a pod of a lost node that is not placed again, and why.
type Stay struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	From      string `json:"from"`
	Why       string `json:"why"`
}

// Why a pod of a lost node is not placed again: it is there for its node, or the kubelet runs it by itself.
const (
	OfDaemonSet = "daemonSet"
	Mirror      = "mirror"
)

// Unmodelled is something that a workload may ask for and that is not looked at.
type Unmodelled string

// What is not looked at.
const (
	Requests      Unmodelled = "requests"
	PodAffinity   Unmodelled = "podAffinity"
	PreferredPod  Unmodelled = "preferredPodAffinity"
	Spread        Unmodelled = "topologySpreadConstraints"
	PreferredNode Unmodelled = "preferredNodeAffinity"
	Tolerations   Unmodelled = "tolerations"
	Priority      Unmodelled = "priority"
)

// How a claim came by its volume: it was made, was there, or the claim had it before.
const (
	Provisioned = "provisioned"
	Bound       = "bound"
	Had         = "had"
)

// Volume is what became of a claim of a pod.
type Volume struct {
	Claim string `json:"claim"`
	Class string `json:"class,omitempty"`
	Bytes int64  `json:"bytes"`
	// How is Provisioned, Bound (to the existing volume Volume), or Had.
	How    string `json:"how"`
	Volume string `json:"volume,omitempty"`
}

// Zone is what was placed in one zone.
type Zone struct {
	Zone    string `json:"zone"`
	Pods    int    `json:"pods"`
	Volumes int    `json:"volumes"`
	// Bytes is the size of the volumes that were provisioned there.
	Bytes int64 `json:"bytes"`
}

// Pool is a pool before and after. What is reserved for other pods counts as taken in both.
type Pool struct {
	Class, Name   string
	Where         explain.Place
	Before, After int64
}
