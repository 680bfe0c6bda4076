// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
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
	// listed are the kinds that have been read in full.
	listed map[Kind]bool
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

// replace makes the objects the only ones of their kind. The changes are what read returned for the objects.
func (s *state) replace(kind Kind, objects []metav1.Object, changes []change) error {
	keep := make(map[Key]unit, len(objects))
	for _, object := range objects {
		if got, ok := KindOf(object); !ok || got != kind {
			return fmt.Errorf("replace all objects of kind %s: %s is a %T", kind, keyOf(object), object)
		}
		keep[keyOf(object)] = unit{}
	}
	s.ledger.filling = true
	bulk := hamt.NewEdit()
	defer bulk.Close()
	s.edit(bulk)
	for _, key := range s.keysOf(kind) {
		if _, ok := keep[key]; !ok {
			s.remove(kind, key)
		}
	}
	for _, change := range changes {
		change(s)
	}
	bulk.Close()
	s.usage = s.usage.on(s.index)
	if kind == KindNode || kind == KindCSINode {
		s.settleNodes()
	}
	s.listed[kind] = true
	s.recoverReservations()
	return nil
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
