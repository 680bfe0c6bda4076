// SPDX-License-Identifier: Apache-2.0

package hamt_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/moorage-k8s/moorage/topology/hamt"
)

// poor is a key whose hash has few distinct values and long common prefixes, so that splits, deep paths and buckets of
// equal hashes all occur in small maps.
type poor int

func (p poor) Hash() uint64 {
	switch p % 4 {
	case 0:
		return 7
	case 1:
		return 7 | uint64(p)<<60
	default:
		return uint64(p) * 0x9E3779B97F4A7C15
	}
}

// TestMapIsAnImmutableMap runs random operations against a built-in map, and keeps every earlier version to see that none
// of them ever changes.
func TestMapIsAnImmutableMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m hamt.Map[poor, int]
		want := map[poor]int{}
		type version struct {
			m    hamt.Map[poor, int]
			want map[poor]int
		}
		var versions []version
		for i := range rapid.IntRange(1, 60).Draw(t, "steps") {
			key := poor(rapid.IntRange(0, 30).Draw(t, "key"))
			if rapid.Bool().Draw(t, "delete") {
				m = m.Delete(key)
				delete(want, key)
			} else {
				m = m.Set(key, i)
				want[key] = i
			}
			versions = append(versions, version{m, maps.Clone(want)})
		}
		for i, v := range versions {
			if got := maps.Collect(v.m.All()); !maps.Equal(got, v.want) {
				t.Fatalf("version %d: got %v, want %v", i, got, v.want)
			}
			if v.m.Len() != len(v.want) {
				t.Fatalf("version %d: Len %d, want %d", i, v.m.Len(), len(v.want))
			}
			for key := range poor(31) {
				got, ok := v.m.Get(key)
				want, wantOK := v.want[key]
				if got != want || ok != wantOK {
					t.Fatalf("version %d: Get(%d) = %d, %t; want %d, %t", i, key, got, ok, want, wantOK)
				}
			}
		}
	})
}

type word string

func (w word) Hash() uint64 {
	h := uint64(14695981039346656037)
	for i := range len(w) {
		h = (h ^ uint64(w[i])) * 1099511628211
	}
	return h
}

// TestOrderDoesNotDependOnHistory is what makes answers repeatable: the same content is walked in the same order.
func TestOrderDoesNotDependOnHistory(t *testing.T) {
	var forward, backward hamt.Map[word, int]
	for i := range 1000 {
		forward = forward.Set(word(fmt.Sprint(i)), i)
		backward = backward.Set(word(fmt.Sprint(1999-i)), 1999-i)
	}
	for i := 999; i >= 0; i-- {
		backward = backward.Set(word(fmt.Sprint(i)), i).Delete(word(fmt.Sprint(i + 1000)))
	}
	var a, b []int
	for _, v := range forward.All() {
		a = append(a, v)
	}
	for _, v := range backward.All() {
		b = append(b, v)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("order differs (-forward +backward):\n%s", diff)
	}
}

func BenchmarkSet(b *testing.B) {
	for _, size := range []int{1_000, 150_000} {
		var m hamt.Map[word, int]
		keys := make([]word, size)
		for i := range keys {
			keys[i] = word(fmt.Sprint("key-", i))
			m = m.Set(keys[i], i)
		}
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				m = m.Set(keys[i%size], i)
			}
		})
	}
}
