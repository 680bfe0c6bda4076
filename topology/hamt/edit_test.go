// SPDX-License-Identifier: Apache-2.0

package hamt_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/moorage-k8s/moorage/topology/hamt"
)

// TestEditChangesNothingElse edits maps in place and otherwise, by turns: each edit gives what the simple operations give, in
// the same order, and no map from before it, nor one made by an edit that has ended, ever changes.
func TestEditChangesNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m, simple hamt.Map[poor, int]
		want := map[poor]int{}
		type version struct {
			m    hamt.Map[poor, int]
			want map[poor]int
		}
		var versions []version
		for range rapid.IntRange(1, 8).Draw(t, "rounds") {
			var edit *hamt.Edit
			if rapid.Bool().Draw(t, "edit") {
				edit = hamt.NewEdit()
				m = m.Editing(edit)
			}
			for range rapid.IntRange(0, 40).Draw(t, "steps") {
				key, value := poor(rapid.IntRange(0, 60).Draw(t, "key")), rapid.Int().Draw(t, "value")
				if rapid.IntRange(0, 3).Draw(t, "delete") == 0 {
					m, simple = m.Delete(key), simple.Delete(key)
					delete(want, key)
				} else {
					m, simple = m.Set(key, value), simple.Set(key, value)
					want[key] = value
				}
				if edit == nil {
					versions = append(versions, version{m, maps.Clone(want)})
				}
			}
			if edit != nil {
				edit.Close()
			}
			versions = append(versions, version{m, maps.Clone(want)})
			if got, want := order(m), order(simple); !slices.Equal(got, want) {
				t.Fatalf("order after the edit: %v, want %v", got, want)
			}
		}
		for i, v := range versions {
			if got := maps.Collect(v.m.All()); !maps.Equal(got, v.want) || v.m.Len() != len(v.want) {
				t.Fatalf("version %d has become %v with length %d, want %v", i, got, v.m.Len(), v.want)
			}
			for key := range poor(61) {
				got, ok := v.m.Get(key)
				want, wantOK := v.want[key]
				if got != want || ok != wantOK {
					t.Fatalf("version %d: Get(%d) = %d, %t; want %d, %t", i, key, got, ok, want, wantOK)
				}
			}
		}
	})
}

func order(m hamt.Map[poor, int]) []poor {
	var keys []poor
	for key := range m.All() {
		keys = append(keys, key)
	}
	return keys
}

// BenchmarkFill puts 150,000 keys into an empty map, in place and not.
func BenchmarkFill(b *testing.B) {
	keys := make([]word, 150_000)
	for i := range keys {
		keys[i] = word(fmt.Sprint("key-", i))
	}
	for _, inPlace := range []bool{false, true} {
		b.Run(fmt.Sprint("in place=", inPlace), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var m hamt.Map[word, int]
				edit := hamt.NewEdit()
				if inPlace {
					m = m.Editing(edit)
				}
				for i, key := range keys {
					m = m.Set(key, i)
				}
				edit.Close()
			}
		})
	}
}
