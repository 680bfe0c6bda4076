// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"iter"
	"maps"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology/hamt"
	"github.com/moorage-k8s/moorage/topology/nodeset"
)

// state is the cluster's storage as it is being changed: a Snapshot that is its own, and what only its writer needs. Each kind
// of object is changed by one method, which keeps all that follows from the kind in step. A state knows no lock, timer or
// reader: a Cache feeds one from a cluster, and a Draft is one that a person changes.
type state struct {
	Snapshot
	limits    limits
	now       func() time.Time
	selectors *nodeset.Pool
	// beforeRead lets tests fail while an object is read; nil otherwise.
	beforeRead func(metav1.Object)

	// records are the nodes by name, ahead of Snapshot.table while unsettled.
	records   map[string]nodeRecord
	unsettled bool

	ledger ledger
}

// limits are those of reservations: see Options.
type limits struct {
	reservation, inFlight time.Duration
	namespaceShare        float64
}

// snapshot returns the state as it is now, for readers.
func (s *state) snapshot() *Snapshot {
	if s.ledger.freed && s.limits.namespaceShare > 0 {
		s.revisitAll("")
	}
	s.ledger.freed = false
	out := s.Snapshot
	out.at = s.now()
	return &out
}

// replace removes the objects of a kind that are not kept, and makes the changes, which read returned for all that are to be there.
func (s *state) replace(kind Kind, kept func(Key) bool, changes iter.Seq[change]) {
	s.ledger.filling = true
	bulk := hamt.NewEdit()
	defer bulk.Close()
	s.edit(bulk)
	for _, key := range s.keysOf(kind) {
		if !kept(key) {
			s.remove(kind, key)
		}
	}
	for change := range changes {
		change(s)
	}
	bulk.Close()
	s.usage = s.usage.on(s.index)
	if kind == KindNode || kind == KindCSINode {
		s.settleNodes()
	}
	s.listed = maps.Clone(s.listed)
	s.listed[kind] = unit{}
	s.recoverReservations()
}

func (s *state) remove(kind Kind, key Key) {
	if r := rowOfKind[kind]; r != nil {
		r.remove(s, key)
	}
}

// keysOf are the objects of a kind that the state holds; of nodes, before they are settled.
func (s *state) keysOf(kind Kind) []Key {
	if kind != KindNode && kind != KindCSINode {
		return s.keys(kind)
	}
	var keys []Key
	for name, r := range s.records {
		if (kind == KindNode && r.node != nil) || (kind == KindCSINode && r.csi != nil) {
			keys = append(keys, Key{Name: name})
		}
	}
	return keys
}
