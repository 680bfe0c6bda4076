// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPatchSet(t *testing.T) {
	const raw = `{"spec":{"volumes":[{"secret":{"defaultMode":420}}],"name":"x"},"metadata":{"labels":{"a/b~c":"1"}}}`
	for _, tc := range []struct {
		name  string
		value any
		path  []string
		want  string
	}{
		{"replaces inside a list", 288, []string{"spec", "volumes", "0", "secret", "defaultMode"}, `{"op":"replace","path":"/spec/volumes/0/secret/defaultMode","value":288}`},
		{"makes missing parents in one operation", "v", []string{"spec", "affinity", "node", "x"}, `{"op":"add","path":"/spec/affinity","value":{"node":{"x":"v"}}}`},
		{"escapes", "2", []string{"metadata", "labels", "a/b~c"}, `{"op":"replace","path":"/metadata/labels/a~1b~0c","value":"2"}`},
		{"refuses an index that is not there", 1, []string{"spec", "volumes", "1", "secret"}, "there is no item"},
		{"refuses to go through a string", 1, []string{"spec", "name", "x"}, "neither an object nor a list"},
		{"refuses an empty path", 1, nil, "empty"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newPatch([]byte(raw))
			if err := p.Set(tc.value, tc.path...); err != nil {
				if !strings.Contains(err.Error(), tc.want) {
					t.Errorf("got error %v, want one that says %q", err, tc.want)
				}
				return
			}
			got, err := json.Marshal(p.operations[0])
			if err != nil {
				t.Fatal(err)
			}
			var wantDoc, gotDoc map[string]any
			decodeNumbers(t, tc.want, &wantDoc)
			decodeNumbers(t, string(got), &gotDoc)
			if diff := cmp.Diff(wantDoc, gotDoc); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestPatchAppendAndRemove(t *testing.T) {
	const raw = `{"spec":{"list":[{"a":1}],"null":null,"name":"x"}}`
	p := newPatch([]byte(raw))
	item := map[string]any{"k": "v"}
	for _, step := range []error{
		p.Append(item, "spec", "list"), p.Append(item, "spec", "null"), p.Append(item, "spec", "list", "0", "inner"),
		p.Set("w", "spec", "list", "1", "k"), p.Remove("spec", "name"),
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
	got, err := json.Marshal(p.operations)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"op":"add","path":"/spec/list/-","value":{"k":"v"}},{"op":"replace","path":"/spec/null","value":[{"k":"v"}]},` +
		`{"op":"add","path":"/spec/list/0/inner","value":[{"k":"v"}]},{"op":"replace","path":"/spec/list/1/k","value":"w"},{"op":"remove","path":"/spec/name"}]`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, err := range map[string]error{
		"it is not a list":   p.Append(1, "spec"),
		"it is not there":    p.Remove("spec", "name"),
		"there is no item":   p.Remove("spec", "list", "7", "k"),
		"is not an object":   p.Remove("spec", "absent", "k"),
		"the path is empty":  p.Remove(),
		"decode the object:": newPatch([]byte("[")).Remove("spec"),
	} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got error %v, want one that says %q", err, name)
		}
	}
}
