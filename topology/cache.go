// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology/hamt"
)

// Options configure a Cache. The zero value is ready for use.
type Options struct {
	// NodeDelay is how long changes of nodes are gathered before they are seen, 20 ms where zero. A negative delay gathers
	// them until Flush.
	NodeDelay time.Duration
	// ReservationLimit is how long the room of a volume that was made stays reserved where the pool's capacity is not
	// published again; 2 minutes where zero.
	ReservationLimit time.Duration
	// InFlightLimit is how long a claim whose volume is not made may keep room reserved at one node; 10 minutes where zero.
	InFlightLimit time.Duration
	// NamespaceShare is the share of a pool's published capacity that the claims of one namespace may have reserved, from 0 to 1;
	// there is no limit where zero.
	NamespaceShare float64
	// Now tells the time; time.Now where nil.
	Now func() time.Time
	// Fault is called for each object that a fault keeps out of the cache, by several goroutines at a time; nil for nobody.
	Fault func(*FaultError)
}

const (
	defaultNodeDelay = 20 * time.Millisecond
	// restFactor keeps a cluster whose nodes change all the time from costing more than a sixth of a core: the larger the
	// cluster, the longer its changes are gathered.
	restFactor = 5
)

// Cache holds the newest Snapshot and applies events to it. Its methods are safe for concurrent use: readers take no lock,
// writers wait for each other.
type Cache struct {
	options   Options
	selectors selectorPool
	published atomic.Pointer[Snapshot]
	fresh     freshness
	faults    faultCounts
	// beforeTrim lets tests fail while an object is trimmed; nil otherwise.
	beforeTrim func(metav1.Object)

	// mu is held by whoever changes anything; it guards what follows.
	mu sync.Mutex
	// next is the state being made; publish shows it to readers.
	next Snapshot
	// records are the nodes by name, ahead of next.table while dirty.
	records map[string]nodeRecord
	dirty   bool
	timer   *time.Timer
	// settling is how long it last took to bring changes of nodes in.
	settling time.Duration
	ledger   ledger
}

// New returns an empty cache, which has not synced.
func New(options Options) *Cache {
	if options.NodeDelay == 0 {
		options.NodeDelay = defaultNodeDelay
	}
	if options.ReservationLimit == 0 {
		options.ReservationLimit = DefaultReservationLimit
	}
	if options.InFlightLimit == 0 {
		options.InFlightLimit = DefaultInFlightLimit
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	c := &Cache{options: options, faults: newFaultCounts(), records: map[string]nodeRecord{}}
	c.next.index = newNodeIndex(nil)
	c.next.table = newNodeTable(nil, c.next.index)
	c.publish()
	return c
}

// Snapshot returns the cluster's storage as it is now. It costs one atomic load.
func (c *Cache) Snapshot() *Snapshot { return c.published.Load() }

// Upsert puts an API object into the cache, in place of an earlier version. The object is read, not kept and not changed.
// An object of a kind that the cache does not read is an error.
func (c *Cache) Upsert(object metav1.Object) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	kind, ok := KindOf(object)
	if !ok {
		return fmt.Errorf("cache %T %s: moorage does not read this kind", object, keyOf(object))
	}
	c.upsert(object)
	c.publish()
	c.fresh.event(kind, c.options.Now())
	return nil
}

// Delete takes an object out of the cache. It is no error if it is not there.
func (c *Cache) Delete(kind Kind, key Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.delete(kind, key)
	c.publish()
	c.fresh.event(kind, c.options.Now())
}

// Replace makes the objects the only ones of their kind, and marks the kind as synced. Readers see all of it at once.
func (c *Cache) Replace(kind Kind, objects []metav1.Object) error {
	return c.replace(kind, objects, c.trimmedAll(objects))
}

// ReplaceAll is Replace for every kind, one after the other. While one is put in, the next is trimmed.
func (c *Cache) ReplaceAll(objects map[Kind][]metav1.Object) error {
	kinds := slices.Concat(Kinds, OptionalKinds)
	trim := func(i int) <-chan []func() {
		trimmed := make(chan []func(), 1)
		if i < len(kinds) {
			go func() { trimmed <- c.trimmedAll(objects[kinds[i]]) }()
		}
		return trimmed
	}
	next := trim(0)
	for i, kind := range kinds {
		puts := <-next
		next = trim(i + 1)
		if err := c.replace(kind, objects[kind], puts); err != nil {
			return err
		}
	}
	return nil
}

// replace puts in what trimmedAll made of the objects.
func (c *Cache) replace(kind Kind, objects []metav1.Object, puts []func()) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	keep := make(map[Key]unit, len(objects))
	for _, object := range objects {
		if got, ok := KindOf(object); !ok || got != kind {
			return fmt.Errorf("replace all objects of kind %s: %s is a %T", kind, keyOf(object), object)
		}
		keep[keyOf(object)] = unit{}
	}
	c.ledger.filling = true
	bulk := hamt.NewEdit()
	defer bulk.Close()
	c.next.edit(bulk)
	for _, key := range c.keys(kind) {
		if _, ok := keep[key]; !ok {
			c.delete(kind, key)
		}
	}
	for _, put := range puts {
		put()
	}
	bulk.Close()
	c.next.usage = c.next.usage.on(c.next.index)
	if kind == KindNode || kind == KindCSINode {
		c.settleNodes()
	}
	c.fresh.synced(kind)
	c.recoverReservations()
	c.publish()
	c.fresh.event(kind, c.options.Now())
	return nil
}

// Flush applies gathered changes of nodes at once, and ends reservations that have timed out.
func (c *Cache) Flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settleNodes()
	c.expireReservations()
	c.publish()
}

func (c *Cache) publish() {
	if c.ledger.freed && c.options.NamespaceShare > 0 {
		c.revisitAll("")
	}
	c.ledger.freed = false
	snapshot := c.next
	snapshot.at = c.options.Now()
	c.published.Store(&snapshot)
}

func (c *Cache) upsert(object metav1.Object) { c.trimmed(object)() }

func (c *Cache) delete(kind Kind, key Key) {
	switch kind {
	case KindNode:
		c.setNode(key.Name, nil)
	case KindCSINode:
		c.setCSINode(key.Name, nil)
	case KindClaim:
		c.setClaim(key, nil)
	case KindVolume:
		c.setVolume(key, nil)
	case KindClass:
		c.setClass(key, nil)
	case KindDriver:
		c.next.drivers = c.next.drivers.Delete(key)
	case KindPool:
		c.setPool(key, nil)
	case KindAttachment:
		c.setAttachment(key, nil)
	case KindPod:
		c.setPod(key, nil)
	case KindAttributesClass:
		c.next.attributesClasses = c.next.attributesClasses.Delete(key)
	case KindVolumeSnapshotClass:
		c.next.snapshotClasses = c.next.snapshotClasses.Delete(key)
	case KindVolumeSnapshotContent:
		c.next.snapshotContents = c.next.snapshotContents.Delete(key)
	case KindVolumeSnapshot:
		c.next.volumeSnapshots = c.next.volumeSnapshots.Delete(key)
	case KindNamespace:
		c.next.namespaces = c.next.namespaces.Delete(key)
	}
}

// keys are the objects of a kind that the cache holds.
func (c *Cache) keys(kind Kind) []Key {
	if kind != KindNode && kind != KindCSINode {
		return c.next.keys(kind)
	}
	var keys []Key
	for name, r := range c.records {
		if (kind == KindNode && r.node != nil) || (kind == KindCSINode && r.csi != nil) {
			keys = append(keys, Key{Name: name})
		}
	}
	return keys
}
