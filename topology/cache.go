// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology/nodeset"
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
	// Families are labels by which claims belong together, before those of KnownFamilies: keys joined by commas, of which the first
	// has to be there and the others tell sets apart where they are.
	Families []string
	// Now tells the time; time.Now where nil.
	Now func() time.Time
	// Fault is called for each object that a fault keeps out of the cache, by several goroutines at a time; it may be nil.
	Fault func(*FaultError)
}

// Cache holds the newest Snapshot and applies events to it. Its methods are safe for concurrent use: readers take no lock,
// writers wait for each other.
type Cache struct {
	options   Options
	published atomic.Pointer[Snapshot]
	fresh     freshness
	faults    faultCounts
	changes   changes

	// mu guards what follows.
	mu     sync.Mutex
	state  state
	timers timers
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
	c := &Cache{options: options, faults: newFaultCounts()}
	c.state = state{
		limits:    limits{reservation: options.ReservationLimit, inFlight: options.InFlightLimit, namespaceShare: options.NamespaceShare},
		now:       options.Now,
		selectors: &nodeset.Pool{},
		records:   map[string]nodeRecord{},
	}
	for _, family := range options.Families {
		c.state.families = append(c.state.families, strings.Split(family, ","))
	}
	c.state.families = append(c.state.families, knownFamilies...)
	c.state.listed = map[Kind]unit{}
	c.state.index = nodeset.NewIndex(nil)
	c.state.table = newNodeTable(nil, c.state.index)
	c.publish()
	return c
}

// Snapshot returns the cluster's storage as it is now. It costs one atomic load.
func (c *Cache) Snapshot() *Snapshot { return c.published.Load() }

// Upsert puts an API object into the cache, in place of an earlier version. The object is read, not kept and not changed.
// An object of a kind that the cache does not read is an error.
func (c *Cache) Upsert(object metav1.Object) error {
	kind, ok := KindOf(object)
	if !ok {
		return fmt.Errorf("cache %T %s: moorage does not read this kind", object, keyOf(object))
	}
	c.change(c.read(object))
	c.fresh.event(kind, c.options.Now())
	return nil
}

// Delete takes an object out of the cache. It is not an error if it is not there.
func (c *Cache) Delete(kind Kind, key Key) {
	c.change(func(s *state) { s.remove(kind, key) })
	c.fresh.event(kind, c.options.Now())
}

// Replace makes the objects the only ones of their kind, and marks the kind as synced. Readers see all of it at once.
func (c *Cache) Replace(kind Kind, objects []metav1.Object) error {
	return c.replace(kind, objects, c.readAll(objects))
}

// ReplaceAll is Replace for every kind, one after the other. While one is put in, the next is read.
func (c *Cache) ReplaceAll(objects map[Kind][]metav1.Object) error {
	read := func(i int) <-chan []change {
		changes := make(chan []change, 1)
		if i < len(AllKinds) {
			go func() { changes <- c.readAll(objects[AllKinds[i]]) }()
		}
		return changes
	}
	next := read(0)
	for i, kind := range AllKinds {
		changes := <-next
		next = read(i + 1)
		if err := c.replace(kind, objects[kind], changes); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cache) replace(kind Kind, objects []metav1.Object, changes []change) error {
	keep := make(map[Key]unit, len(objects))
	for _, object := range objects {
		if got, ok := KindOf(object); !ok || got != kind {
			return fmt.Errorf("replace all objects of kind %s: %s is a %T", kind, keyOf(object), object)
		}
		keep[keyOf(object)] = unit{}
	}
	kept := func(key Key) bool {
		_, ok := keep[key]
		return ok
	}
	c.refill(kind, kept, slices.Values(changes))
	return nil
}

// refill is state.replace, and shows readers what comes of it.
func (c *Cache) refill(kind Kind, kept func(Key) bool, changes iter.Seq[change]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state.replace(kind, kept, changes)
	c.publish()
	c.fresh.event(kind, c.options.Now())
}

// change makes one change and shows it to readers.
func (c *Cache) change(change change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.state)
	c.publish()
}

// publish shows readers the state as it is now. It is called with mu held.
func (c *Cache) publish() {
	c.published.Store(c.state.snapshot())
	c.changes.published()
	c.schedule()
}
