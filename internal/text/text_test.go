// SPDX-License-Identifier: Apache-2.0

package text_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/moorage-k8s/moorage/internal/text"
)

func TestWords(t *testing.T) {
	for want, got := range map[string]string{
		"1 node": text.Count(1, "node"), "0 nodes": text.Count(0, "node"), "2 StorageClasses": text.Count(2, "StorageClass"),
		"3 CSIStorageCapacities": text.Count(3, "CSIStorageCapacity"),
		"0":                      text.Size(0), "1023": text.Size(1023), "1.5Ki": text.Size(1536), "2.99Gi": text.Size(3<<30 - 1), "16Ti": text.Size(16 << 40),
		"90 seconds": text.Duration(90 * time.Second), "3 days": text.Duration(73 * time.Hour),
		"a": text.Or([]string{"a"}), "a or b": text.Or([]string{"a", "b"}), "a, b and c": text.And([]string{"a", "b", "c"}),
		"a, b, c and 2 more": text.Few([]string{"a", "b", "c", "d", "e"}, func(s string) string { return s }),
		"a, b, …":            text.First([]string{"a", "b", "c"}, 2, 3),
		"aa, bb, … 1 more":   text.Fit([]string{"aa", "bb", "cc"}, 7),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestLayout(t *testing.T) {
	for _, test := range []struct {
		name  string
		write func(*strings.Builder)
		want  string
	}{
		{"a paragraph is filled, what is indented stays", func(out *strings.Builder) {
			out.WriteString(text.Reflow(11, "one two\nthree four\n\n  as it is, long\n"))
		}, "one two\nthree four\n\n  as it is, long\n"},
		{"the last column is broken", func(out *strings.Builder) {
			text.Table(out, 16, [][]string{{"A", "B"}, {"x", "one two three"}, {"long", ""}})
		}, "A     B\nx     one two\n      three\nlong\n"},
		{"columns that do not fit go below", func(out *strings.Builder) {
			text.Stack(out, 8, [][]string{{"A", "B", "C"}, {"1", "two", "three"}})
		}, "A  B\n1  two\nA  C\n1  three\n"},
		{"what hides something is shown", func(out *strings.Builder) { text.Table(out, 0, [][]string{{"a\x1b[2J", "b"}}) }, "a\\x1b[2J  b\n"},
		{"facts", func(out *strings.Builder) { text.Facts(out, 12, 6, [][2]string{{"why", "so it goes"}}) }, "why:  so it\n      goes\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			test.write(&out)
			if diff := cmp.Diff(test.want, out.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
