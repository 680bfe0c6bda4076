// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moorage-k8s/moorage/topology/synthetic"
)

// readList returns what comes of a file with a text that is read in parts of a size, as a whole where that is 0.
func readList(t *testing.T, path string, part int) (Objects, Result, string) {
	t.Helper()
	into := keepingSink(Objects{})
	run := &reading{into: into, result: Result{SkippedKinds: map[string]int{}}, sizes: map[string]int{}, met: map[string]bool{}, part: max(part, 1)}
	read := run.file
	if part == 0 {
		read = run.stream
	}
	if err := read(path); err != nil {
		// What was read before it does not count.
		return nil, Result{}, err.Error()
	}
	run.result.Objects, run.result.Files = into.counts(), 0
	return Objects(into), run.result, ""
}

func sameAsWhole(t *testing.T, path string) {
	t.Helper()
	want, wantResult, wantErr := readList(t, path, 0)
	for _, part := range []int{1, 100, 1 << 20} {
		got, result, err := readList(t, path, part)
		if err != wantErr {
			t.Errorf("item by item, in parts of %d: %s\nas a whole: %s", part, err, wantErr)
		}
		if diff := cmp.Diff(wantResult, result); diff != "" {
			t.Errorf("in parts of %d (-whole +items):\n%s", part, diff)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("in parts of %d (-whole +items):\n%s", part, diff)
		}
	}
}

const (
	yamlList = "apiVersion: v1\nitems:\n" +
		"- apiVersion: v1\n  kind: Node\n  metadata:\n    name: a\n    annotations:\n      x: |\n        - kind: List\n\n      y: \"b\n        c\"\n" +
		"- kind: Node\n  apiVersion: v1\n  later: 1\n  metadata:\n    name: b\n" +
		"- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: c}\n" +
		"kind: List\nmetadata:\n  resourceVersion: \"\"\n"
	jsonList = `{"apiVersion":"v1","items":[{"apiVersion":"v1","kind":"Node","metadata":{"name":"a"}}, {"kind":"Node","apiVersion":"v1",` +
		`"metadata":{"name":"b","annotations":{"x":"]}"}},"later":1},{"apiVersion":"v1","kind":"Secret"}],"kind":"List","metadata":{"resourceVersion":""}}` + "\n"
)

// A List is read item by item where it is certain that it is one, and nothing else is. What comes of it is the same as of the whole.
func TestListsItemByItem(t *testing.T) {
	for _, tc := range []struct {
		name, file, text string
		// items are how many are taken one by one, of the last of which the rest is read as a whole where all is false.
		items int
		all   bool
	}{
		{"YAML", "a.yaml", yamlList, 3, true},
		{"YAML without an ending", "a", yamlList, 3, true},
		{"YAML, indented", "a.yaml", "kind: List\napiVersion: v1\nmetadata: {}\nitems:\n  - apiVersion: v1\n    kind: Node\n    metadata:\n      name: a\n\n", 1, true},
		{"YAML, lines of Windows", "a.yaml", strings.ReplaceAll(yamlList, "\n", "\r\n"), 3, true},
		{"JSON", "a.json", jsonList, 3, true},
		{"JSON in a file for YAML", "a.yaml", jsonList, 3, true},
		{"JSON, indented", "a.json", strings.ReplaceAll(jsonList, ",", ",\n\t"), 3, true},
		{"another kind", "a.yaml", strings.Replace(yamlList, "kind: List\nm", "kind: NodeList\nm", 1), 0, false},
		{"another kind in JSON", "a.json", strings.Replace(jsonList, `"kind":"List"`, `"kind":"NodeList"`, 1), 0, false},
		{"another version", "a.yaml", strings.Replace(yamlList, "apiVersion: v1", "apiVersion: v2", 1), 0, false},
		{"no kind", "a.yaml", strings.Replace(yamlList, "kind: List\nm", "m", 1), 0, false},
		{"no kind in JSON", "a.json", strings.Replace(jsonList, `"kind":"List",`, "", 1), 0, false},
		{"items twice", "a.yaml", yamlList + "items: []\n", 0, false},
		{"items twice in JSON", "a.json", strings.Replace(jsonList, `"kind":"List"`, `"items":[],"kind":"List"`, 1), 0, false},
		{"items written otherwise", "a.json", strings.Replace(jsonList, `"items"`, `"Items"`, 1), 0, false},
		{"two documents", "a.yaml", yamlList + "---\n" + yamlList, 0, false},
		{"two documents in JSON", "a.json", jsonList + jsonList, 0, false},
		{"JSON with more behind it", "a.json", jsonList + "x", 0, false},
		{"JSON that breaks off", "a.json", jsonList[:len(jsonList)-3], 0, false},
		{"no items", "a.yaml", "apiVersion: v1\nkind: List\nitems: []\n", 0, false},
		{"an item that is none", "a.yaml", "apiVersion: v1\nkind: List\nitems:\n- a\n", 0, false},
		{"a comment of a capture", "a.yaml", "# x\n" + yamlList, 0, false},
		{"an annotation of a capture", "a.json", strings.Replace(jsonList, `{"resourceVersion":""}`, `{"annotations":{}}`, 1), 0, false},
		{"a line that is not indented", "a.yaml", strings.Replace(yamlList, "        c\"", "c\"", 1), 0, false},
		{"a line that only YAML knows", "a.yaml", strings.Replace(yamlList, "name: a", "name: a\u2028b: c", 1), 0, false},
		{"metadata twice", "a.yaml", strings.Replace(yamlList, "metadata:\n  res", "metadata: {}\n  res", 1), 0, false},
		// These need the whole from an item on.
		{"a reference to an item before", "a.yaml", "apiVersion: v1\nkind: List\nitems:\n- kind: Node\n  apiVersion: v1\n  metadata: &m\n    name: a\n" +
			"- kind: Node\n  apiVersion: v1\n  metadata:\n    name: b\n    labels: *m\n- kind: Node\n  apiVersion: v1\n  metadata: {name: c}\n", 1, false},
		{"quotes over an item", "a.yaml", "apiVersion: v1\nkind: List\nitems:\n- kind: Node\n  apiVersion: v1\n  metadata:\n    name: a\n    annotations: {x: \"\n" +
			"- b: c\n  \"}\n", 0, false},
		{"an item with a fault", "a.yaml", strings.Replace(yamlList, "later: 1", "status: 1", 1), 1, false},
		{"an item without a name", "a.yaml", strings.Replace(yamlList, "name: b", "x: b", 1), 1, false},
		{"an item that is not YAML", "a.yaml", strings.Replace(yamlList, "later: 1", "later: [", 1), 1, false},
		{"an item of JSON with a fault", "a.json", strings.Replace(jsonList, `"later"`, `"status"`, 1), 1, false},
		{"an item of JSON without a kind", "a.json", strings.Replace(jsonList, `"kind":"Secret"`, `"x":1`, 1), 2, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), tc.file)
			if err := os.WriteFile(path, []byte(tc.text), 0o600); err != nil {
				t.Fatal(err)
			}
			run := &reading{into: keepingSink(Objects{}), result: Result{SkippedKinds: map[string]int{}}, part: 1}
			if items, all := run.list(path); items != tc.items || all != tc.all {
				t.Errorf("%d items were taken one by one, all: %v; want %d, %v", items, all, tc.items, tc.all)
			}
			sameAsWhole(t, path)
		})
	}
}

// What kubectl would write is read item by item.
func TestListsOfClusters(t *testing.T) {
	size := synthetic.Size{Nodes: 3, Volumes: 10, Attachments: 5, Pods: 10, LocalPools: true}
	for _, of := range []string{"a.yaml", "a.json"} {
		var text bytes.Buffer
		write := synthetic.WriteYAMLList
		if of == "a.json" {
			write = synthetic.WriteJSONList
		}
		if err := write(&text, size); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), of)
		if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		run := &reading{into: keepingSink(Objects{}), result: Result{SkippedKinds: map[string]int{}}, part: 1}
		if items, all := run.list(path); items < 30 || !all {
			t.Errorf("%s: %d items were taken one by one, all: %v", of, items, all)
		}
		sameAsWhole(t, path)
	}
}

// FuzzLists holds what comes of a List that is read item by item against what comes of it as a whole.
func FuzzLists(f *testing.F) {
	for _, text := range []string{
		yamlList, jsonList, strings.ReplaceAll(yamlList, "\n", "\r\n"), strings.ReplaceAll(yamlList, "  later: 1", "  later: &x\n  status: *x"),
		"apiVersion: v1\nkind: List\nitems:\n- a: \"\n- b: \"\n- c: d\n", "apiVersion: v1\nkind: List\nitems:\n  - a: {\n  - b: }\n",
		"apiVersion: v1\nkind: List\nitems:\n- a: |+\n\n   b\n\n- c: >-\n    d\n\nmetadata:\n",
	} {
		f.Add(text)
	}
	path := filepath.Join(f.TempDir(), "list")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		sameAsWhole(t, path)
	})
}
