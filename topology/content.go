// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"maps"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Content is all that a cache is to hold, gathered object by object and trimmed on the way: a whole cluster's objects in full are
// several times what the cache keeps of them. The cache shows none of it before ReplaceContent.
type Content struct {
	cache   *Cache
	changes map[Kind]map[Key]change
}

// TrimmedObject is what a cache keeps of an object.
type TrimmedObject struct {
	kind Kind
	key  Key
	put  change
}

// NewContent begins to gather what the cache is to hold.
func (c *Cache) NewContent() *Content { return &Content{cache: c, changes: map[Kind]map[Key]change{}} }

// Trim takes from an object, which is of a kind that the cache reads, what the cache keeps of it. The object is not kept and not
// changed. Trim is safe for concurrent use.
func (c *Content) Trim(object metav1.Object) TrimmedObject {
	kind, _ := KindOf(object)
	return TrimmedObject{kind, keyOf(object), c.cache.read(object)}
}

// Put takes an object in, in place of one of the same kind and key, and reports whether there was one.
func (c *Content) Put(o TrimmedObject) (repeated bool) {
	of := c.changes[o.kind]
	if of == nil {
		of = map[Key]change{}
		c.changes[o.kind] = of
	}
	_, repeated = of[o.key]
	of[o.key] = o.put
	return repeated
}

// Counts are how many objects there are of each kind of which there are any.
func (c *Content) Counts() map[Kind]int {
	counts := map[Kind]int{}
	for kind, of := range c.changes {
		counts[kind] = len(of)
	}
	return counts
}

// ReplaceContent makes the content all that the cache holds: every kind is then synced. The content was begun by this cache, and is
// used up.
func (c *Cache) ReplaceContent(content *Content) {
	for _, kind := range AllKinds {
		of := content.changes[kind]
		kept := func(key Key) bool {
			_, ok := of[key]
			return ok
		}
		c.refill(kind, kept, maps.Values(of))
		delete(content.changes, kind)
	}
}
