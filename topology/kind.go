// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"reflect"
	"slices"

	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/moorage-k8s/moorage/topology/hamt"
	"github.com/moorage-k8s/moorage/topology/nodeset"
)

// Kind is a kind of object that the cache reads, by the name that Kubernetes gives it.
type Kind string

// The kinds that the cache reads.
const (
	KindNode       Kind = "Node"
	KindCSINode    Kind = "CSINode"
	KindClaim      Kind = "PersistentVolumeClaim"
	KindVolume     Kind = "PersistentVolume"
	KindClass      Kind = "StorageClass"
	KindDriver     Kind = "CSIDriver"
	KindPool       Kind = "CSIStorageCapacity"
	KindAttachment Kind = "VolumeAttachment"
	KindPod        Kind = "Pod"

	KindAttributesClass       Kind = "VolumeAttributesClass"
	KindVolumeSnapshotClass   Kind = "VolumeSnapshotClass"
	KindVolumeSnapshotContent Kind = "VolumeSnapshotContent"
	KindVolumeSnapshot        Kind = "VolumeSnapshot"

	KindNamespace Kind = "Namespace"

	// KindEvent is not kept by the cache: Warning events are read for people's questions alone, and only those of the objects asked about.
	// KindBudget is neither: budgets are read for some of these questions.
	KindEvent  Kind = "Event"
	KindBudget Kind = "PodDisruptionBudget"
)

// eventResource is how an API server serves KindEvent, and budgetResource how it serves KindBudget.
var (
	eventResource = Resource{
		Kind: KindEvent, GroupVersionResource: core("events"), Namespaced: true, Optional: true,
		New: func() metav1.Object { return &corev1.Event{} }, NewList: list[corev1.EventList],
	}
	budgetResource = Resource{
		Kind: KindBudget, GroupVersionResource: policyv1.SchemeGroupVersion.WithResource("poddisruptionbudgets"), Namespaced: true, Optional: true,
		New: func() metav1.Object { return &policyv1.PodDisruptionBudget{} }, NewList: list[policyv1.PodDisruptionBudgetList],
	}
)

// Resource is how an API server serves a kind that the cache reads.
type Resource struct {
	Kind Kind
	schema.GroupVersionResource
	// Namespaced reports whether its objects are in namespaces.
	Namespaced bool
	// Optional reports whether a cluster may lack the kind, or moorage may not ask for it: old API servers lack
	// VolumeAttributesClass, and snapshots are custom resources that need not be installed. Namespaces are read only if the
	// configuration selects some by their labels. Only admission asks for these kinds, and is silent without them.
	Optional bool
	// Driver is the CSI driver of the storage system whose kind it is; empty for others. Such kinds are read only where the configuration names the driver.
	Driver string
	// New and NewList return an empty object and an empty list of the kind's API type.
	New     func() metav1.Object
	NewList func() runtime.Object
}

// row is all that moorage must know of a kind: a new kind is a new row.
type row struct {
	Resource
	// objectKind is the kind of the objects where Kind is not, and likewise are further versions of the API in which they are the same.
	objectKind string
	likewise   []string
	// read makes what the cache keeps of an object, and returns the change that puts it in. It looks at nothing that changes.
	read func(*reader, metav1.Object) change
	// remove takes an object out, with all that follows from it.
	remove func(*state, Key)
	// len counts the objects that a snapshot holds; keys lists them in unspecified order.
	len  func(*Snapshot) int
	keys func(*Snapshot) []Key
}

// change is a change of a state that is ready to be made.
type change func(*state)

// rows are all kinds, first those that every cluster has, each in the order in which it is best to read them.
var rows = []row{
	onNodes(KindNode, core("nodes"), list[corev1.NodeList],
		plain(nodeFromAPI), (*state).setNode, (*Snapshot).AllNodes),
	onNodes(KindCSINode, storage("csinodes"), list[storagev1.CSINodeList],
		plain(csiNodeFromAPI), (*state).setCSINode, (*Snapshot).WithCSINode),
	of(KindDriver, storage("csidrivers"), list[storagev1.CSIDriverList],
		plain(driverFromAPI), nil,
		func(s *Snapshot) *hamt.Map[Key, *Driver] { return &s.drivers }),
	of(KindClass, storage("storageclasses"), list[storagev1.StorageClassList], interned(classFromAPI), (*state).setClass,
		func(s *Snapshot) *hamt.Map[Key, *Class] { return &s.classes }),
	of(KindPool, storage("csistoragecapacities"), list[storagev1.CSIStorageCapacityList], interned(poolFromAPI), (*state).setPool,
		func(s *Snapshot) *hamt.Map[Key, *Pool] { return &s.pools }).inNamespaces(),
	of(KindVolume, core("persistentvolumes"), list[corev1.PersistentVolumeList], interned(volumeFromAPI), (*state).setVolume,
		func(s *Snapshot) *hamt.Map[Key, *Volume] { return &s.volumes }),
	of(KindClaim, core("persistentvolumeclaims"), list[corev1.PersistentVolumeClaimList],
		claimFromAPI, (*state).setClaim,
		func(s *Snapshot) *hamt.Map[Key, *Claim] { return &s.claims }).inNamespaces(),
	of(KindAttachment, storage("volumeattachments"), list[storagev1.VolumeAttachmentList],
		plain(attachmentFromAPI), (*state).setAttachment,
		func(s *Snapshot) *hamt.Map[Key, *Attachment] { return &s.attachments }),
	of(KindPod, core("pods"), list[corev1.PodList],
		plain(podWithVolumes), (*state).setPod,
		func(s *Snapshot) *hamt.Map[Key, *Pod] { return &s.pods }).inNamespaces(),

	of(KindAttributesClass, storage("volumeattributesclasses"), list[storagev1.VolumeAttributesClassList],
		plain(attributesClassFromAPI), nil,
		func(s *Snapshot) *hamt.Map[Key, *AttributesClass] { return &s.attributesClasses }).optional(),
	of(KindVolumeSnapshotClass, snapshots("volumesnapshotclasses"), list[snapshotv1.VolumeSnapshotClassList],
		plain(volumeSnapshotClassFromAPI), nil,
		func(s *Snapshot) *hamt.Map[Key, *VolumeSnapshotClass] { return &s.snapshotClasses }).optional(),
	of(KindVolumeSnapshotContent, snapshots("volumesnapshotcontents"), list[snapshotv1.VolumeSnapshotContentList],
		plain(volumeSnapshotContentFromAPI), nil,
		func(s *Snapshot) *hamt.Map[Key, *VolumeSnapshotContent] { return &s.snapshotContents }).optional(),
	of(KindVolumeSnapshot, snapshots("volumesnapshots"), list[snapshotv1.VolumeSnapshotList],
		plain(volumeSnapshotFromAPI), nil,
		func(s *Snapshot) *hamt.Map[Key, *VolumeSnapshot] { return &s.volumeSnapshots }).optional().inNamespaces(),
	of(KindNamespace, core("namespaces"), list[corev1.NamespaceList],
		plain(namespaceFromAPI), nil,
		func(s *Snapshot) *hamt.Map[Key, *Namespace] { return &s.namespaces }).optional(),

	onReplicas(KindLonghornReplica, longhornDriver, longhorn("replicas"), list[LonghornReplicaList], replicaOfLonghorn).inNamespaces().served("Replica"),
	onStores(KindLonghornNode, longhornDriver, longhorn("nodes"), list[LonghornNodeList], storeOfLonghorn).inNamespaces().served("Node"),
	onReplicas(KindLinstorResource, linstorDriver, linstorResources, list[LinstorResourceList], replicaOfLinstor).served("Resources", linstorVersions...),
}

func core(resource string) schema.GroupVersionResource {
	return corev1.SchemeGroupVersion.WithResource(resource)
}

func storage(resource string) schema.GroupVersionResource {
	return storagev1.SchemeGroupVersion.WithResource(resource)
}

func snapshots(resource string) schema.GroupVersionResource {
	return snapshotv1.SchemeGroupVersion.WithResource(resource)
}

func list[L any, P interface {
	*L
	runtime.Object
}]() runtime.Object {
	return P(new(L))
}

// of is the row of a kind whose objects are kept one by one. Where set is nil, nothing else follows from them.
func of[O any, P interface {
	*O
	metav1.Object
}, V any](
	kind Kind, resource schema.GroupVersionResource, newList func() runtime.Object,
	read func(*reader, P) *V, set func(*state, Key, *V), kept func(*Snapshot) *hamt.Map[Key, *V],
) row {
	if set == nil {
		set = func(s *state, key Key, value *V) {
			m := kept(&s.Snapshot)
			if value == nil {
				*m = m.Delete(key)
			} else {
				*m = m.Set(key, value)
			}
		}
	}
	return row{
		Resource: Resource{Kind: kind, GroupVersionResource: resource, New: func() metav1.Object { return P(new(O)) }, NewList: newList},
		read: func(r *reader, object metav1.Object) change {
			key, value := keyOf(object), read(r, object.(P))
			return func(s *state) { set(s, key, value) }
		},
		remove: func(s *state, key Key) { set(s, key, nil) },
		len:    func(s *Snapshot) int { return kept(s).Len() },
		keys:   func(s *Snapshot) []Key { return keysOf(kept(s).All()) },
	}
}

// onNodes is the row of a kind that is kept as a part of the nodes, of those in the set.
func onNodes[O any, P interface {
	*O
	metav1.Object
}, V any](
	kind Kind, resource schema.GroupVersionResource, newList func() runtime.Object,
	read func(*reader, P) *V, set func(*state, Key, *V), having func(*Snapshot) NodeSet,
) row {
	r := of(kind, resource, newList, read, set, nil)
	r.len = func(s *Snapshot) int { return having(s).Len() }
	r.keys = func(s *Snapshot) []Key {
		var keys []Key
		for i := range having(s).All() {
			keys = append(keys, Key{Name: s.Node(i).Name})
		}
		return keys
	}
	return r
}

func (r row) inNamespaces() row { r.Namespaced = true; return r }

func (r row) optional() row { r.Optional = true; return r }

// reader is what reading an object needs beside the object.
type reader struct {
	selectors *nodeset.Pool
	families  [][]string
}

// plain is for what needs nothing else, and interned for what has selectors.
func plain[O, V any](read func(O) V) func(*reader, O) V {
	return func(_ *reader, object O) V { return read(object) }
}

func interned[O, V any](read func(*nodeset.Pool, O) V) func(*reader, O) V {
	return func(r *reader, object O) V { return read(r.selectors, object) }
}

var (
	// Kinds are all kinds that every cluster has, in the order in which it is best to read them. The cache has synced when all
	// of them have been read.
	Kinds = kindsOf(false)
	// OptionalKinds are those of which Resource.Optional is true.
	OptionalKinds = kindsOf(true)
	// AllKinds are Kinds and then OptionalKinds.
	AllKinds = slices.Concat(Kinds, OptionalKinds)

	rowOfKind = rowsBy(func(r *row) Kind { return r.Kind })
	rowOfType = rowsBy(func(r *row) reflect.Type { return reflect.TypeOf(r.New()) })
)

func kindsOf(optional bool) []Kind {
	var kinds []Kind
	for i := range rows {
		if rows[i].Optional == optional {
			kinds = append(kinds, rows[i].Kind)
		}
	}
	return kinds
}

func rowsBy[K comparable](key func(*row) K) map[K]*row {
	by := make(map[K]*row, len(rows))
	for i := range rows {
		by[key(&rows[i])] = &rows[i]
	}
	return by
}

// KindOf returns the kind of an API object, and false for one that the cache does not read.
func KindOf(object any) (Kind, bool) {
	if r := rowOfType[reflect.TypeOf(object)]; r != nil {
		return r.Kind, true
	}
	return "", false
}

// ResourceOf returns the resource of a kind that the cache reads, or of KindEvent or KindBudget.
func ResourceOf(kind Kind) Resource {
	switch kind {
	case KindEvent:
		return eventResource
	case KindBudget:
		return budgetResource
	}
	return rowOfKind[kind].Resource
}

func keyOf(object metav1.Object) Key { return Key{object.GetNamespace(), object.GetName()} }

// Resources returns the resources of all kinds, those of Kinds first, each in its order.
func Resources() []Resource {
	out := make([]Resource, len(rows))
	for i := range rows {
		out[i] = rows[i].Resource
	}
	return out
}
