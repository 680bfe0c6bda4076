// SPDX-License-Identifier: Apache-2.0

package topology

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Longhorn says where its replicas are in replicas.longhorn.io, and how much room its disks have in nodes.longhorn.io, of its version v1beta2
// (k8s/pkg/apis/longhorn/v1beta2/replica.go, instancemanager.go and node.go of longhorn-manager). The handle of a volume is its name there.

const longhornDriver = "driver.longhorn.io"

// The kinds of Longhorn that the cache reads.
const (
	KindLonghornReplica Kind = "Replica.longhorn.io"
	KindLonghornNode    Kind = "Node.longhorn.io"
)

func longhorn(resource string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "longhorn.io", Version: "v1beta2", Resource: resource}
}

// LonghornReplica is what moorage reads of a Replica.
type LonghornReplica struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec struct {
		VolumeName string `json:"volumeName"`
		NodeID     string `json:"nodeID"`
		HealthyAt  string `json:"healthyAt"`
		FailedAt   string `json:"failedAt"`
	} `json:"spec"`
}

// DeepCopyObject makes LonghornReplica a runtime.Object.
func (r *LonghornReplica) DeepCopyObject() runtime.Object {
	out := *r
	out.ObjectMeta = *r.ObjectMeta.DeepCopy() //nolint:staticcheck // Of the metadata, not of the whole.
	return &out
}

// LonghornReplicaList is a list of them.
type LonghornReplicaList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`

	Items []LonghornReplica `json:"items"`
}

// DeepCopyObject makes LonghornReplicaList a runtime.Object.
func (l *LonghornReplicaList) DeepCopyObject() runtime.Object {
	out := *l
	out.Items = copied(l.Items, (*LonghornReplica).DeepCopyObject)
	return &out
}

// replicaOfLonghorn is nil for one that is not complete: one that was never healthy is empty or being rebuilt, and of one that failed the data is out of date.
func replicaOfLonghorn(r *LonghornReplica) *Replica {
	if r.Spec.VolumeName == "" || r.Spec.NodeID == "" || r.Spec.HealthyAt == "" || r.Spec.FailedAt != "" || r.DeletionTimestamp != nil {
		return nil
	}
	return &Replica{Volume: r.Spec.VolumeName, Node: shared(r.Spec.NodeID)}
}

// LonghornNode is what moorage reads of a Node, which has the name of the Kubernetes node.
type LonghornNode struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec struct {
		AllowScheduling   bool                    `json:"allowScheduling"`
		EvictionRequested bool                    `json:"evictionRequested"`
		Disks             map[string]longhornDisk `json:"disks"`
	} `json:"spec"`
	Status struct {
		DiskStatus map[string]longhornDiskStatus `json:"diskStatus"`
	} `json:"status"`
}

type longhornDisk struct {
	AllowScheduling   bool  `json:"allowScheduling"`
	EvictionRequested bool  `json:"evictionRequested"`
	StorageReserved   int64 `json:"storageReserved"`
}

type longhornDiskStatus struct {
	Conditions []struct {
		Type   string                 `json:"type"`
		Status metav1.ConditionStatus `json:"status"`
	} `json:"conditions"`
	StorageAvailable int64 `json:"storageAvailable"`
	StorageScheduled int64 `json:"storageScheduled"`
	StorageMaximum   int64 `json:"storageMaximum"`
}

// DeepCopyObject makes LonghornNode a runtime.Object. What is below the metadata is shared: nobody changes it.
func (n *LonghornNode) DeepCopyObject() runtime.Object {
	out := *n
	out.ObjectMeta = *n.ObjectMeta.DeepCopy() //nolint:staticcheck // Of the metadata, not of the whole.
	return &out
}

// LonghornNodeList is a list of them.
type LonghornNodeList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`

	Items []LonghornNode `json:"items"`
}

// DeepCopyObject makes LonghornNodeList a runtime.Object.
func (l *LonghornNodeList) DeepCopyObject() runtime.Object {
	out := *l
	out.Items = copied(l.Items, (*LonghornNode).DeepCopyObject)
	return &out
}

// storeOfLonghorn takes the roomiest of the disks that Longhorn makes replicas on. A disk has room for a volume that fits into what is free on it, or into what is
// promised to no replica; Longhorn wants both, but how far it may promise more than there is, and that a volume may hold less than its size, is not in these objects.
// A node of which nothing is known yet is nil.
func storeOfLonghorn(n *LonghornNode) *Store {
	if len(n.Status.DiskStatus) == 0 {
		return nil
	}
	out := &Store{Node: n.Name}
	if !n.Spec.AllowScheduling || n.Spec.EvictionRequested {
		return out
	}
	for name := range n.Status.DiskStatus {
		disk, status := n.Spec.Disks[name], n.Status.DiskStatus[name]
		if disk.AllowScheduling && !disk.EvictionRequested && status.schedulable() {
			unpromised := SubBytes(SubBytes(status.StorageMaximum, disk.StorageReserved), status.StorageScheduled)
			out.Room = max(out.Room, status.StorageAvailable, unpromised)
		}
	}
	return out
}

// schedulable is false only where Longhorn says so.
func (s *longhornDiskStatus) schedulable() bool {
	for _, c := range s.Conditions {
		if c.Type == "Schedulable" && c.Status == metav1.ConditionFalse {
			return false
		}
	}
	return true
}

func copied[T any](items []T, one func(*T) runtime.Object) []T {
	out := make([]T, len(items))
	for i := range items {
		out[i] = *any(one(&items[i])).(*T)
	}
	return out
}
