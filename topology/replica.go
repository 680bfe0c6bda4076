// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"iter"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/moorage-k8s/moorage/topology/nodeset"
)

// Some storage systems keep copies of a volume on nodes from all of which it can be used, and say where in objects of their own. What is known of a
// system is an adapter: rows of kinds.go that make of its objects a Replica, or a Store of a node, and nothing else is to be written for another one.
// Each of its objects tells of one copy or one node, so that a change of one is a change of one entry.

// Replica is a copy of a volume's data on a node. Immutable.
type Replica struct {
	// Volume is the driver's handle of the volume, and Node the node's name.
	Volume, Node string
}

// Store is the storage of a node on which a storage system may make a copy. Immutable.
type Store struct {
	Node string
	// Room is how large a volume can be, in bytes, of which a copy can be made there; 0 for none.
	Room int64

	namespace string
}

// KindsOfDriver are the kinds in which the storage system of a CSI driver says where its replicas are; none of one that is not known.
func KindsOfDriver(driver string) []Kind {
	var kinds []Kind
	for i := range rows {
		if driver != "" && rows[i].Driver == driver {
			kinds = append(kinds, rows[i].Kind)
		}
	}
	return kinds
}

// ReplicaDrivers are the CSI drivers of which it is known in which objects their replicas are, in the order of the rows.
func ReplicaDrivers() []string {
	var drivers []string
	for i := range rows {
		if d := rows[i].Driver; d != "" && !slices.Contains(drivers, d) {
			drivers = append(drivers, d)
		}
	}
	return drivers
}

// AddReplicaKinds adds the types of the storage systems' kinds to a scheme, in every version in which they are read.
func AddReplicaKinds(to *runtime.Scheme) {
	versions := map[schema.GroupVersion]bool{}
	for i := range rows {
		r := &rows[i]
		if r.Driver == "" {
			continue
		}
		for _, version := range append([]string{r.Version}, r.likewise...) {
			v := schema.GroupVersion{Group: r.Group, Version: version}
			versions[v] = true
			to.AddKnownTypeWithName(v.WithKind(r.objectKind), r.New().(runtime.Object))
			to.AddKnownTypeWithName(v.WithKind(r.objectKind+"List"), r.NewList())
		}
	}
	for v := range versions {
		metav1.AddToGroupVersion(to, v)
	}
}

// TypedInPart reports whether an object's type has only those fields that moorage reads, so that others say nothing.
func TypedInPart(object any) bool {
	switch object.(type) {
	case *LonghornReplica, *LonghornReplicaList, *LonghornNode, *LonghornNodeList, *LinstorResource, *LinstorResourceList:
		return true
	}
	return false
}

// onReplicas is the row of a kind whose objects tell where copies of volumes are. What read makes nil holds none.
func onReplicas[O any, P interface {
	*O
	metav1.Object
}](kind Kind, driver string, resource schema.GroupVersionResource, newList func() runtime.Object, read func(P) *Replica) row {
	r := of(kind, resource, newList, plain(read), func(s *state, key Key, v *Replica) { s.setReplica(driver, key, v) }, nil)
	r.len = func(s *Snapshot) int { return len(s.keysOfDriver(driver)) }
	r.keys = func(s *Snapshot) []Key { return s.keysOfDriver(driver) }
	return r.ofStorage(driver)
}

// onStores is the row of a kind whose objects tell of the storage of a node. What read makes nil says nothing.
func onStores[O any, P interface {
	*O
	metav1.Object
}](kind Kind, driver string, resource schema.GroupVersionResource, newList func() runtime.Object, read func(P) *Store) row {
	r := of(kind, resource, newList, plain(func(o P) *Store {
		store := read(o)
		if store != nil {
			store.namespace = o.GetNamespace()
		}
		return store
	}), func(s *state, key Key, v *Store) { s.setStore(driver, key, v) }, nil)
	r.keys = func(s *Snapshot) []Key {
		var keys []Key
		for key, store := range s.stores.All() {
			if key.Namespace == driver {
				keys = append(keys, Key{store.namespace, key.Name})
			}
		}
		return keys
	}
	r.len = func(s *Snapshot) int { return len(r.keys(s)) }
	return r.ofStorage(driver)
}

func (r row) ofStorage(driver string) row {
	r.Driver, r.Optional = driver, true
	return r
}

// served is the kind's name in the API, and the further versions in which its objects are the same.
func (r row) served(kind string, likewise ...string) row {
	r.objectKind, r.likewise = kind, likewise
	return r
}

func (s *state) setReplica(driver string, key Key, replica *Replica) {
	at := Key{driver, key.String()}
	if old, _ := s.replicas.Get(at); old != nil {
		s.replicasOf = withoutName(s.replicasOf, Key{driver, old.Volume}, at.Name)
	}
	if replica == nil {
		s.replicas = s.replicas.Delete(at)
		return
	}
	s.replicas = s.replicas.Set(at, replica)
	s.replicasOf = withName(s.replicasOf, Key{driver, replica.Volume}, at.Name)
}

func (s *state) setStore(driver string, key Key, store *Store) {
	at := Key{driver, key.Name}
	if store == nil {
		s.stores = s.stores.Delete(at)
		return
	}
	s.stores = s.stores.Set(at, store)
}

func (s *Snapshot) keysOfDriver(driver string) []Key {
	var keys []Key
	for key := range s.replicas.All() {
		if key.Namespace == driver {
			namespace, name, namespaced := strings.Cut(key.Name, "/")
			if !namespaced {
				namespace, name = "", key.Name
			}
			keys = append(keys, Key{namespace, name})
		}
	}
	return keys
}

// Replicas ranges over the copies of a volume that its driver's storage system tells of.
func (s *Snapshot) Replicas(v *Volume) iter.Seq[*Replica] {
	return func(yield func(*Replica) bool) {
		names, _ := s.replicasOf.Get(Key{v.Driver, replicatedAs(v)})
		for _, name := range names {
			if r, _ := s.replicas.Get(Key{v.Driver, name}); !yield(r) {
				return
			}
		}
	}
}

// replicatedAs is what the storage system calls the volume.
func replicatedAs(v *Volume) string {
	if v.Driver == linstorDriver {
		return linstorResource(v.Handle)
	}
	return v.Handle
}

// WithoutRoom returns the nodes of which the storage system of the volume's driver says that there is no room for a copy of the volume.
func (s *Snapshot) WithoutRoom(v *Volume) NodeSet {
	out := nodeset.New(s.NumNodes())
	for key, store := range s.stores.All() {
		if key.Namespace != v.Driver || store.Room >= v.Capacity {
			continue
		}
		if i, known := s.NodeIndex(store.Node); known {
			out.Add(i)
		}
	}
	return out
}

// Room is how large a volume can be of which the storage system of the driver could make a copy on the node; negative where it does not say.
func (s *Snapshot) Room(driver, node string) int64 {
	if store, _ := s.stores.Get(Key{driver, node}); store != nil {
		return store.Room
	}
	return -1
}
