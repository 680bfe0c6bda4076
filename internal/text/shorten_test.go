// SPDX-License-Identifier: Apache-2.0

package text_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/moorage-k8s/moorage/internal/text"
)

func TestNamesThatDifferStayApart(t *testing.T) {
	ec2 := func(n int) string { return fmt.Sprintf("ip-10-0-%d-%d.eu-west-1.compute.internal", n/250, n%250) }
	for _, test := range []struct {
		name    string
		names   []string
		columns int
		// want are what some of them become; the others are only to be told apart.
		want map[string]string
	}{
		{name: "short names stay", names: []string{"node-1", "node-2"}, columns: 12, want: map[string]string{"node-1": "node-1", "node-2": "node-2"}},
		{
			name: "one name loses its middle", names: []string{"a-very-long-name-of-a-node"}, columns: 11,
			want: map[string]string{"a-very-long-name-of-a-node": "a-ver…-node"},
		},
		{
			name: "a domain that all share goes first", names: []string{ec2(0), ec2(7), ec2(14)}, columns: 18,
			want: map[string]string{ec2(0): "ip-10-0-0-0…", ec2(14): "ip-10-0-0-14…"},
		},
		{
			name: "a difference in the middle is shown", columns: 18,
			names: []string{"gke-production-pool-one-7d9f-abcd", "gke-production-pool-two-7d9f-abcd"},
			want:  map[string]string{"gke-production-pool-one-7d9f-abcd": "gke-…pool-one…abcd"},
		},
		{name: "a name that ends another", names: []string{"aaaaaaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}, columns: 10},
		{name: "no room for what differs", names: []string{strings.Repeat("ab", 40) + "x", strings.Repeat("ab", 40) + "y"}, columns: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			short := text.Shorten(test.names, test.columns)
			seen := map[string]string{}
			for _, name := range test.names {
				if other, twice := seen[short[name]]; twice {
					t.Errorf("%s and %s are both %s", other, name, short[name])
				}
				seen[short[name]] = name
				if want, ok := test.want[name]; ok && short[name] != want {
					t.Errorf("%s becomes %s, want %s", name, short[name], want)
				}
			}
		})
	}
}

// Whatever names are shortened, to whatever length: they fit, they differ, and those that fit anyway are whole.
func TestShorten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.StringMatching(`[ab.-]{0,12}`)
		parts := rapid.SliceOfN(part, 1, 4).Draw(t, "parts")
		names := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) string {
			var name strings.Builder
			for range rapid.IntRange(1, 5).Draw(t, "n") {
				name.WriteString(rapid.SampledFrom(parts).Draw(t, "part"))
			}
			return "n" + name.String() + part.Draw(t, "own") + parts[0]
		}), 1, 40, rapid.ID).Draw(t, "names")
		columns := rapid.IntRange(8, 40).Draw(t, "columns")
		short := text.Shorten(names, columns)
		seen := map[string]bool{}
		for _, name := range names {
			s := short[name]
			if seen[s] {
				t.Errorf("%q is used twice, for %q among %q", s, name, names)
			}
			seen[s] = true
			if len(name) <= columns && s != name {
				t.Errorf("%q fits, and becomes %q", name, s)
			}
			if n := utf8.RuneCountInString(s); n > columns {
				t.Errorf("%q has %d columns, of %d", s, n, columns)
			}
		}
	})
}

func BenchmarkShorten(b *testing.B) {
	names := make([]string, 5000)
	for i := range names {
		names[i] = fmt.Sprintf("gke-production-europe-west1-pool-%04d-7d9f-abcd", i)
	}
	for b.Loop() {
		text.Shorten(names, 18)
	}
}
