// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"time"

	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/topology"
)

// Objects are a cluster's objects, as far as findings ask more of them than a snapshot keeps. They are gathered one by one, from files or from
// lists, and must not be changed after that.
type Objects struct {
	Nodes            map[string]*corev1.Node
	CSINodes         map[string]*storagev1.CSINode
	Pods             map[topology.Key]*corev1.Pod
	Claims           map[topology.Key]*corev1.PersistentVolumeClaim
	Volumes          map[string]*corev1.PersistentVolume
	Attachments      map[string]*storagev1.VolumeAttachment
	Pools            map[topology.Key]*storagev1.CSIStorageCapacity
	Namespaces       map[string]*corev1.Namespace
	Budgets          map[topology.Key]*policyv1.PodDisruptionBudget
	Snapshots        map[topology.Key]*snapshotv1.VolumeSnapshot
	SnapshotContents map[string]*snapshotv1.VolumeSnapshotContent
	Workloads        map[Object]*Workload
	// PodGroups are how many pods of a scheduling group have to be placed at once; 0 for none.
	PodGroups map[topology.Key]int
	// Events are the Warning events, and those that show that something goes on.
	Events []*corev1.Event
	// Newest is the newest time in any of the objects.
	Newest time.Time

	// templates are the owners of which a pod is kept with all that its containers are.
	templates map[Object]bool
	lists     sharedLists
}

// NewObjects returns what objects are added to.
func NewObjects() *Objects {
	return &Objects{
		Nodes: map[string]*corev1.Node{}, CSINodes: map[string]*storagev1.CSINode{}, Pods: map[topology.Key]*corev1.Pod{},
		Claims: map[topology.Key]*corev1.PersistentVolumeClaim{}, Volumes: map[string]*corev1.PersistentVolume{},
		Attachments: map[string]*storagev1.VolumeAttachment{}, Pools: map[topology.Key]*storagev1.CSIStorageCapacity{},
		Namespaces: map[string]*corev1.Namespace{}, Budgets: map[topology.Key]*policyv1.PodDisruptionBudget{},
		Snapshots: map[topology.Key]*snapshotv1.VolumeSnapshot{}, SnapshotContents: map[string]*snapshotv1.VolumeSnapshotContent{},
		Workloads: map[Object]*Workload{}, PodGroups: map[topology.Key]int{}, templates: map[Object]bool{},
	}
}

// Add takes an object in, which is then the Objects' own to make smaller, and reports whether it is of a kind that findings ask about. Of objects
// of one kind and name the last one counts.
func (o *Objects) Add(object runtime.Object) bool {
	meta, ok := object.(metav1.Object)
	if !ok || meta.GetName() == "" {
		return false
	}
	o.tell(object, meta)
	if claim, isClaim := object.(*corev1.PersistentVolumeClaim); !isClaim || !explain.InFull(claim) {
		meta.SetManagedFields(nil) // Of a claim that is to change they tell since when.
	}
	o.shareResources(object)
	name, key := meta.GetName(), topology.Key{Namespace: meta.GetNamespace(), Name: meta.GetName()}
	switch object := object.(type) {
	case *corev1.Node:
		trimNode(object)
		o.Nodes[name] = object
	case *storagev1.CSINode:
		o.CSINodes[name] = object
	case *corev1.Pod:
		o.trimPod(object)
		o.Pods[key] = object
	case *corev1.PersistentVolumeClaim:
		trimAnnotations(meta)
		o.Claims[key] = object
	case *corev1.PersistentVolume:
		trimAnnotations(meta)
		o.Volumes[name] = object
	case *storagev1.VolumeAttachment:
		trimAttachment(object)
		o.Attachments[name] = object
	case *storagev1.CSIStorageCapacity:
		o.Pools[key] = object
	case *corev1.Namespace:
		o.Namespaces[name] = object
	case *policyv1.PodDisruptionBudget:
		o.Budgets[key] = object
	case *snapshotv1.VolumeSnapshot:
		o.Snapshots[key] = object
	case *snapshotv1.VolumeSnapshotContent:
		o.SnapshotContents[name] = object
	case *corev1.Event:
		if telling(object) {
			o.Events = append(o.Events, object)
		}
	default:
		if members, isGroup := explain.MembersWanted(object); isGroup {
			o.PodGroups[key] = members
			return true
		}
		w := workloadOf(object)
		if w == nil {
			return false
		}
		o.Workloads[w.Object] = w
	}
	return true
}
