// SPDX-License-Identifier: Apache-2.0

package simulate

import "github.com/moorage-k8s/moorage/explain"

// Result is where pods and their volumes would land.
type Result struct {
	// Fits tells whether every pod was placed.
	Fits bool `json:"fits"`
	// Lost are nodes that were taken away.
	Lost []string `json:"lost,omitempty"`
	// Pods are in the order in which they were placed.
	Pods  []Pod  `json:"pods"`
	Zones []Zone `json:"zones,omitempty"`
	Pools []Pool `json:"pools,omitempty"`
	// Uncertain are reservations in the classes of Pools that may be in the published capacity already. They took no room.
	Uncertain []explain.Reservation `json:"uncertainReservations,omitempty"`
	// Unmodelled are things that the workloads ask for and that were not looked at.
	Unmodelled []string      `json:"unmodelled,omitempty"`
	Known      explain.Known `json:"known"`
}

// Pod is one pod.
type Pod struct {
	// Workload is the kind and name of what the pod belongs to; 'lost' for one that was on a node which was taken away.
	Workload  string `json:"workload"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// From is the node that the pod was on before, for one of a lost node.
	From string `json:"from,omitempty"`
	// Node is where it was placed; empty where it was not, and then Why says why.
	Node    string   `json:"node,omitempty"`
	Zone    string   `json:"zone,omitempty"`
	Why     string   `json:"why,omitempty"`
	Volumes []Volume `json:"volumes,omitempty"`
}

// Volume is what became of a claim of a pod.
type Volume struct {
	Claim string `json:"claim"`
	Class string `json:"class,omitempty"`
	Bytes int64  `json:"bytes"`
	// How is provisioned, bound (to the existing volume Volume), or had (the claim had its volume before).
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
	Class  string `json:"class"`
	Name   string `json:"name"`
	Where  string `json:"where"`
	Before int64  `json:"before"`
	After  int64  `json:"after"`
}
