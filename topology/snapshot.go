// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"iter"
	"strings"
	"time"

	"github.com/moorage-k8s/moorage/topology/hamt"
	"github.com/moorage-k8s/moorage/topology/nodeset"
)

// Snapshot is the cluster's storage at one moment. It is immutable and safe for concurrent use; keep it as long as you
// like. What its methods return is shared with other readers and must not be changed.
type Snapshot struct {
	index *nodeset.Index
	table *nodeTable

	claims      hamt.Map[Key, *Claim]
	volumes     hamt.Map[Key, *Volume]
	classes     hamt.Map[Key, *Class]
	drivers     hamt.Map[Key, *Driver]
	attachments hamt.Map[Key, *Attachment]
	pods        hamt.Map[Key, *Pod]
	pools       hamt.Map[Key, *Pool]

	attributesClasses hamt.Map[Key, *AttributesClass]
	snapshotClasses   hamt.Map[Key, *VolumeSnapshotClass]
	snapshotContents  hamt.Map[Key, *VolumeSnapshotContent]
	volumeSnapshots   hamt.Map[Key, *VolumeSnapshot]
	namespaces        hamt.Map[Key, *Namespace]

	replicas hamt.Map[Key, *Replica] // driver and object, as namespace/name
	stores   hamt.Map[Key, *Store]   // driver and node

	// What follows is derived from the above, kept in step by the method of state that changes each.
	poolsOf   hamt.Map[Key, *classPools]         // class → its pools
	unclaimed hamt.Map[Key, hamt.Map[Key, unit]] // class → volumes that no claim holds
	keptFor   hamt.Map[Key, []string]            // claim → volumes whose claimRef names it, sorted
	users     hamt.Map[Key, []string]            // claim → pods of its namespace that use it, sorted
	claimsOf  hamt.Map[Key, []string]            // volume → claims whose volumeName names it, as namespace/name, sorted
	diskUsers hamt.Map[Key, []string]            // inline disk → pods that use it, as namespace/name, sorted
	usage     attachUsage
	series    hamt.Map[Key, hamt.Map[Key, SeriesPlace]] // name of a claim without its ordinal → where volumes of claims numbered so are

	inlineUsers   hamt.Map[Key, []string] // driver and handle of an inline volume of one node → pods that name it, sorted
	attachmentsOf hamt.Map[Key, []string] // volume → its attachments, sorted
	podsByUID     hamt.Map[Key, Key]
	replicasOf    hamt.Map[Key, []string] // driver and volume → the objects of its replicas, as namespace/name, sorted

	// What follows depends on what was seen before as well.
	reservations hamt.Map[Key, hamt.Map[Key, *Reservation]] // class → claim → what is reserved for it
	flights      hamt.Map[Key, *flight]                     // claim → what is remembered of it while it has no volume
	failures     hamt.Map[Key, []ProvisioningFailure]       // class → where provisioning failed lately
	// listed are the kinds that have been read in full. It is replaced, never changed.
	listed map[Kind]unit
	at     time.Time
	// families are the labels that say which claims belong together.
	families [][]string
}

type unit = struct{}

// edit has the maps that grow with the cluster changed in place by the edit, until it is closed. The snapshot must be one that
// nobody else reads yet.
func (s *Snapshot) edit(e *hamt.Edit) {
	s.claims, s.volumes, s.attachments = s.claims.Editing(e), s.volumes.Editing(e), s.attachments.Editing(e)
	s.pods, s.pools = s.pods.Editing(e), s.pools.Editing(e)
	s.snapshotContents, s.volumeSnapshots, s.namespaces = s.snapshotContents.Editing(e), s.volumeSnapshots.Editing(e), s.namespaces.Editing(e)
	s.keptFor, s.users, s.claimsOf = s.keptFor.Editing(e), s.users.Editing(e), s.claimsOf.Editing(e)
	s.diskUsers, s.inlineUsers = s.diskUsers.Editing(e), s.inlineUsers.Editing(e)
	s.attachmentsOf, s.podsByUID = s.attachmentsOf.Editing(e), s.podsByUID.Editing(e)
	s.replicas, s.replicasOf, s.stores = s.replicas.Editing(e), s.replicasOf.Editing(e), s.stores.Editing(e)
	s.series, s.usage = s.series.Editing(e), s.usage.editing(e)
}

// NumNodes is the number of nodes. Nodes have the indexes 0 to NumNodes-1, in the order of their names.
func (s *Snapshot) NumNodes() int { return len(s.table.nodes) }

// Node returns the node at index i.
func (s *Snapshot) Node(i int) *Node { return s.table.nodes[i] }

// NodeIndex returns the index of the node with that name, and whether the cache knows it.
func (s *Snapshot) NodeIndex(name string) (int, bool) {
	return s.index.Lookup(name)
}

// NodeIndexOf is NodeIndex for a name that is still in a buffer; it does not allocate.
func (s *Snapshot) NodeIndexOf(name []byte) (int, bool) {
	return s.index.LookupBytes(name)
}

// AllNodes is the set of all nodes.
func (s *Snapshot) AllNodes() NodeSet { return s.index.All() }

// Nodes returns the nodes on which the selector holds or cannot be decided (Selector.Err). Compiled once for each selector
// and set of nodes.
func (s *Snapshot) Nodes(selector *Selector) NodeSet { return s.index.Match(selector) }

// Labelled returns the nodes that carry the label with a value of which holds is true. The set is the caller's.
func (s *Snapshot) Labelled(key string, holds func(value string) bool) NodeSet {
	return s.index.Valued(key, holds)
}

// SameNodes reports whether a NodeSet of the other snapshot means the same nodes in this one.
func (s *Snapshot) SameNodes(o *Snapshot) bool { return s.index == o.index }

// Pod returns a pod, or nil. Pods without volumes that moorage looks at are not held.
func (s *Snapshot) Pod(key Key) *Pod {
	p, _ := s.pods.Get(key)
	return p
}

// Claim returns a claim, or nil where the cache knows none of that name.
func (s *Snapshot) Claim(namespace, name string) *Claim {
	c, _ := s.claims.Get(Key{namespace, name})
	return c
}

// Volume returns a volume, or nil.
func (s *Snapshot) Volume(name string) *Volume {
	v, _ := s.volumes.Get(Key{Name: name})
	return v
}

// Class returns a class, or nil.
func (s *Snapshot) Class(name string) *Class {
	c, _ := s.classes.Get(Key{Name: name})
	return c
}

// Driver returns a CSIDriver, or nil.
func (s *Snapshot) Driver(name string) *Driver {
	d, _ := s.drivers.Get(Key{Name: name})
	return d
}

// PoolGroups returns the pools of a class.
func (s *Snapshot) PoolGroups(class string) PoolGroups {
	pools, _ := s.poolsOf.Get(Key{Name: class})
	if pools == nil {
		return PoolGroups{}
	}
	return PoolGroups{pools: pools, layout: pools.layoutOn(s.index)}
}

// Unclaimed ranges over the class's volumes that are available and kept for no claim, in unspecified order.
func (s *Snapshot) Unclaimed(class string) iter.Seq[*Volume] {
	return func(yield func(*Volume) bool) {
		names, _ := s.unclaimed.Get(Key{Name: class})
		for key := range names.All() {
			if v, _ := s.volumes.Get(key); !yield(v) {
				return
			}
		}
	}
}

// KeptFor ranges over the volumes whose claimRef names the claim, by name, whatever their state.
func (s *Snapshot) KeptFor(claim Key) iter.Seq[*Volume] {
	return func(yield func(*Volume) bool) {
		names, _ := s.keptFor.Get(claim)
		for _, name := range names {
			if !yield(s.Volume(name)) {
				return
			}
		}
	}
}

// Users ranges over the pods that use the claim, by name, whatever their state.
func (s *Snapshot) Users(claim Key) iter.Seq[*Pod] {
	return func(yield func(*Pod) bool) {
		names, _ := s.users.Get(claim)
		for _, name := range names {
			p, _ := s.pods.Get(Key{claim.Namespace, name})
			if !yield(p) {
				return
			}
		}
	}
}

// Waiting ranges over the pods that wait for a node, in unspecified order. It looks at every pod of the snapshot.
func (s *Snapshot) Waiting() iter.Seq[*Pod] {
	return func(yield func(*Pod) bool) {
		for _, p := range s.pods.All() {
			if p.Node == "" && !p.Terminal && !p.Deleting && !yield(p) {
				return
			}
		}
	}
}

// DiskUsers ranges over the pods that name the inline disk, by name, whatever their state.
func (s *Snapshot) DiskUsers(disk Key) iter.Seq[*Pod] {
	return func(yield func(*Pod) bool) {
		pods, _ := s.diskUsers.Get(disk)
		for _, pod := range pods {
			namespace, name, _ := strings.Cut(pod, "/")
			p, _ := s.pods.Get(Key{namespace, name})
			if !yield(p) {
				return
			}
		}
	}
}

// AttachmentsOf ranges over the attachments of a volume, by name, whatever their state.
func (s *Snapshot) AttachmentsOf(volume string) iter.Seq[*Attachment] {
	return func(yield func(*Attachment) bool) {
		names, _ := s.attachmentsOf.Get(Key{Name: volume})
		for _, name := range names {
			a, _ := s.attachments.Get(Key{Name: name})
			if !yield(a) {
				return
			}
		}
	}
}

// Len returns how many objects of the kind the snapshot holds. Pods without volumes that moorage looks at are not held.
func (s *Snapshot) Len(kind Kind) int {
	if r := rowOfKind[kind]; r != nil {
		return r.len(s)
	}
	return 0
}
