// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// The search is held against one that leaves nothing out, on a few volumes and pools: it says no to nothing that fits, and yes to nothing
// that does not.
func TestPackingIsThatOfASearchThatLeavesNothingOut(t *testing.T) {
	for seed := range uint64(20_000) {
		random := rand.New(rand.NewPCG(seed, 12))
		// Few sizes, so that many are equal, or many, so that few are.
		sizes := int64(2 + random.IntN(12))
		k := &packing{steps: maxPackingStepsInAll}
		for range 2 + random.IntN(3) {
			b := bin{free: random.Int64N(3*sizes) - 1}
			if b.limit = b.free; random.IntN(2) == 0 {
				b.limit = random.Int64N(sizes + 1)
			}
			k.bins = append(k.bins, b)
		}
		for range 1 + random.IntN(7) {
			k.items = append(k.items, item{bytes: random.Int64N(sizes), limited: random.IntN(3) > 0})
		}
		slices.SortStableFunc(k.items, largestFirst)
		want := packsSomehow(slices.Clone(k.bins), k.items)
		if got := k.fit(); got != want {
			t.Fatalf("seed %d: volumes %v into pools %v: fit is %t, want %t", seed, k.items, k.bins, got, want)
		}
		if k.excluded() && want {
			t.Fatalf("seed %d: volumes %v into pools %v are ruled out by sums, and fit", seed, k.items, k.bins)
		}
	}
}

func packsSomehow(bins []bin, items []item) bool {
	if len(items) == 0 {
		return true
	}
	for i := range bins {
		if it := items[0]; bins[i].free >= it.bytes && (!it.limited || bins[i].limit >= it.bytes) {
			bins[i].free -= it.bytes
			ok := packsSomehow(bins, items[1:])
			bins[i].free += it.bytes
			if ok {
				return true
			}
		}
	}
	return false
}

// However many volumes there are, what the sums rule out is refused, and what a search finds no end of is not.
func TestPackingOfManyVolumesIsRuledOutBySums(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 13))
		k := &packing{steps: maxPackingStepsInAll}
		var room, wanted int64
		for range 2 + random.IntN(6) {
			free := random.Int64N(1 << 40)
			room += free
			k.bins = append(k.bins, bin{free: free, limit: math.MaxInt64})
		}
		for wanted <= room {
			bytes := 1 + random.Int64N(1<<40/int64(1+random.IntN(200)))
			wanted += bytes
			k.items = append(k.items, item{bytes: bytes, limited: random.IntN(2) == 0})
		}
		slices.SortStableFunc(k.items, largestFirst)
		if k.fit() {
			t.Fatalf("seed %d: %d bytes are said to fit into %d", seed, wanted, room)
		}
		if k.steps != maxPackingStepsInAll {
			t.Errorf("seed %d: the search took %d steps, where sums are enough", seed, maxPackingStepsInAll-k.steps)
		}
	}
}

func TestPackingIsBoundedForAllNodesTogether(t *testing.T) {
	k := &packing{steps: maxPackingStepsInAll}
	// Three volumes of a third and a bit, four times over, in pools of one: no sum excludes them, and all different.
	for n := range 2000 {
		k.begin()
		for i := range 6 {
			k.bins = append(k.bins, bin{free: int64(1_000_000 + 7*i + n), limit: math.MaxInt64})
		}
		for i := range 17 {
			k.items = append(k.items, item{bytes: int64(340_000 - 13*i)})
		}
		k.fit()
	}
	if used := maxPackingStepsInAll - k.steps; used > maxPackingStepsInAll {
		t.Errorf("%d steps, more than %d", used, maxPackingStepsInAll)
	}
	if k.steps < 0 {
		t.Errorf("%d steps are left", k.steps)
	}
}
