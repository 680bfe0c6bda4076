// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// splitWith returns the documents of a text that is read in parts of a size, and what ends them.
func splitWith(t *testing.T, from io.Reader, of form, part int) (documents []string, err error) {
	t.Helper()
	all := splitting{from: from, form: of, part: part, size: 7}
	for err == nil {
		var next [][]byte
		next, err = all.next()
		for _, document := range next {
			documents = append(documents, string(document))
		}
	}
	return documents, err
}

func TestSplit(t *testing.T) {
	const a, b = `{"a":"}{\n---\n\""}`, `{"b":[1,{}]}`
	for _, tc := range []struct {
		name, text string
		form       form
		want       []string
		err        string
	}{
		{"YAML", "a: 1\n---\nb: 2\n", yamlForm, []string{"a: 1\n", "b: 2\n"}, ""},
		{"separators alone", "---\n--- \r\n\n---\na: 1\n---", yamlForm, []string{"\n", "a: 1\n"}, ""},
		{"no separators", "a: |\n  ---\n ---\nb: ---\n--- x\n", yamlForm, []string{"a: |\n  ---\n ---\nb: ---\n--- x\n"}, ""},
		{"JSON", a + "\n" + b + a, jsonForm, []string{a, b, a}, ""},
		{"JSON that breaks off", a + "\n{\"b\":", jsonForm, []string{a}, " is not JSON: line 2: unexpected EOF"},
		{"JSON with a fault", a + "\n" + b + "\n\n x", jsonForm, []string{a, b}, " is not JSON: line 4: invalid character 'x'"},
		{"either, JSON", " \n" + a + b + "\n", anyForm, []string{a, b}, ""},
		{"either, one of JSON", a + "\n", anyForm, []string{a}, ""},
		{"either, YAML", "a: 1\n---\n" + b, anyForm, []string{"a: 1\n", b}, ""},
		{"either, JSON as YAML has it", a + "\n# x\n---\n" + b + "\n", anyForm, []string{a + "\n# x\n", b + "\n"}, ""},
		{"either, YAML that looks like JSON", "{a: 1}\n---\n" + a, anyForm, []string{"{a: 1}\n", a}, ""},
		// As YAML it would be its first value alone.
		{"either, JSON with a fault", a + b + "\nx", anyForm, []string{a, b}, " is not JSON: line 2: invalid character 'x'"},
		{"nothing", "", anyForm, nil, ""},
		{"white space", " \n\n", jsonForm, nil, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for part := 1; part <= len(tc.text)+1; part++ {
				got, err := splitWith(t, strings.NewReader(tc.text), tc.form, part)
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Fatalf("read %d bytes at a time (-want +got):\n%s", part, diff)
				}
				if tc.err == "" && !errors.Is(err, io.EOF) || tc.err != "" && !strings.HasPrefix(err.Error(), tc.err) {
					t.Fatalf("read %d bytes at a time: %v, want %q", part, err, tc.err)
				}
			}
		})
	}
}

// FuzzSplit holds what comes of a text that is read in small parts against what comes of it whole.
func FuzzSplit(f *testing.F) {
	for _, text := range []string{"---\na: 1\n---\nb: 2", "{}{} []\n\"x\"", "{}\n---\n{}", "{", "\n---", "0.A", "12 3", "true1"} {
		f.Add(text, uint8(0), uint8(1))
		f.Add(text, uint8(1), uint8(3))
		f.Add(text, uint8(2), uint8(5))
	}
	f.Fuzz(func(t *testing.T, text string, of, part uint8) {
		as := form(of % 3)
		want, wantErr := splitWith(t, strings.NewReader(text), as, len(text)+1)
		got, err := splitWith(t, iotest.OneByteReader(strings.NewReader(text)), as, int(part)+1)
		if !slices.Equal(want, got) || lineOf(err) != lineOf(wantErr) {
			t.Fatalf("%q as form %d is %q, %v; in parts %q, %v", text, as, want, wantErr, got, err)
		}
	})
}

// lineOf is the line where a text has a fault, 0 where it has none.
func lineOf(err error) int {
	var syntax *syntaxError
	if errors.As(err, &syntax) {
		return syntax.line
	}
	return 0
}
