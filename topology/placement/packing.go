// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"cmp"

	"github.com/moorage-k8s/moorage/topology"
)

// packing reports whether volumes can be shared out among pools. It searches for a way rather than settle for the first that a rule of thumb
// gives, since a wrong no strands a pod. The search is bounded, and where it does not come to an end the volumes are said to fit: so what can
// be ruled out by sums is ruled out before, and the search leaves out what would only repeat it.
type packing struct {
	bins  []bin
	items []item // the largest first
	// steps is what is left of the steps for all searches on one room.
	steps int

	left int // of this search's steps
	// last is what was asked last, and the answer: most nodes of a cluster are alike.
	last packed
}

// bin is a pool: the room in it, and the largest volume that it makes.
type bin struct{ free, limit int64 }

// item is a volume. Those that are reserved were let through before, and are not held against a pool's limit.
type item struct {
	bytes   int64
	limited bool
}

func largestFirst(a, b item) int {
	if by := cmp.Compare(b.bytes, a.bytes); by != 0 || a.limited == b.limited {
		return by
	}
	if a.limited {
		return -1
	}
	return 1
}

type packed struct {
	bins  []bin
	items []item
	known bool
	fits  bool
}

const (
	// maxPackingSteps bounds one search.
	maxPackingSteps = 4096
	// maxPackingStepsInAll bounds the searches for one question about all nodes. No more than 256 kinds of nodes can use up theirs, and the
	// others are judged by the sums.
	maxPackingStepsInAll = 1 << 20
)

// begin takes the pools and volumes of the last question away.
func (k *packing) begin() { k.bins, k.items = k.bins[:0], k.items[:0] }

// holds reports whether all requests fit one pool.
func (b bin) holds(requests []int64) bool {
	free := b.free
	for _, request := range requests {
		if free = topology.SubBytes(free, request); b.limit < request {
			return false
		}
	}
	return free >= 0
}

// fit reports whether the items can be shared out among the bins.
func (k *packing) fit() bool {
	if k.last.known && equal(k.last.bins, k.bins) && equal(k.last.items, k.items) {
		return k.last.fits
	}
	k.last.bins, k.last.items = append(k.last.bins[:0], k.bins...), append(k.last.items[:0], k.items...)
	k.last.fits, k.last.known = k.search(), true
	return k.last.fits
}

func equal[T comparable](a, b []T) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func (k *packing) search() bool {
	if k.excluded() {
		return false
	}
	k.left = min(maxPackingSteps, k.steps)
	allowed := k.left
	ok := k.pack(0, 0)
	k.steps -= allowed - max(k.left, 0)
	return ok
}

// excluded reports whether the sums rule every packing out: there is less room than is wanted in all, or, for some size, there are more
// volumes at least as large than the pools could hold of that size.
func (k *packing) excluded() bool {
	var room, wanted int64
	for _, b := range k.bins {
		room = topology.AddBytes(room, max(b.free, 0))
	}
	for i, it := range k.items {
		if wanted = topology.AddBytes(wanted, it.bytes); wanted > room {
			return true
		}
		if it.bytes <= 0 || i+1 < len(k.items) && k.items[i+1].bytes == it.bytes {
			continue
		}
		count := int64(i + 1)
		for _, b := range k.bins {
			if count -= max(b.free, 0) / it.bytes; count <= 0 {
				break
			}
		}
		if count > 0 {
			return true
		}
	}
	return false
}

// pack puts the items from the given one on into the bins. An item like the one before goes into no earlier bin than that, as the other way round
// comes to the same; and of bins with the same room one is tried.
func (k *packing) pack(next, from int) bool {
	if next == len(k.items) {
		return true
	}
	it := k.items[next]
	if next == 0 || k.items[next-1] != it {
		from = 0
	}
	for i := from; i < len(k.bins); i++ {
		if k.bins[i].free < it.bytes || it.limited && k.bins[i].limit < it.bytes || k.tried(from, i) {
			continue
		}
		if k.left--; k.left < 0 {
			return true
		}
		k.bins[i].free -= it.bytes
		ok := k.pack(next+1, i)
		k.bins[i].free += it.bytes
		if ok {
			return true
		}
	}
	return false
}

// tried reports whether a bin from the given one on is like bin i and comes before it.
func (k *packing) tried(from, i int) bool {
	for _, b := range k.bins[from:i] {
		if b == k.bins[i] {
			return true
		}
	}
	return false
}
