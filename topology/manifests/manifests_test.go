// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/manifests"
)

// directory writes the files of a txtar archive into a temporary directory.
func directory(t *testing.T, archive string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(archive)).Files {
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLoadReadsEveryForm(t *testing.T) {
	dir := directory(t, `
-- nodes.yaml --
# a comment before the first document
---
apiVersion: v1
kind: Node
metadata: {name: node-1, labels: {zone: a}}
---
---
{apiVersion: v1, kind: Node, metadata: {name: node-2, labels: {zone: b}}}
-- deeper/list.json --
{"apiVersion":"v1","kind":"List","items":[
  {"apiVersion":"storage.k8s.io/v1","kind":"StorageClass","metadata":{"name":"fast"},"provisioner":"d1","volumeBindingMode":"WaitForFirstConsumer"},
  {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"app"}}]}
{"apiVersion":"v1","kind":"NodeList","items":[{"metadata":{"name":"node-3"}}]}
-- claim.yml --
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {storageClassName: fast, fieldOfALaterVersion: 1, resources: {requests: {storage: 1Gi}}}
-- snapshot.yaml --
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshot
metadata: {name: nightly}
spec: {source: {persistentVolumeClaimName: data}}
status: {restoreSize: 2Gi, boundVolumeSnapshotContentName: content-1}
-- crd.yaml --
apiVersion: example.org/v1
kind: Gadget
metadata: {name: g}
-- notes.txt --
not a manifest
`)
	cache := topology.New(topology.Options{})
	result, err := manifests.Load(cache, dir, filepath.Join(dir, "claim.yml"))
	if err != nil {
		t.Fatal(err)
	}
	if age := time.Since(result.Written); age < 0 || age > time.Hour {
		t.Errorf("the files are said to be written %s ago", age)
	}
	want := manifests.Result{
		Files: 6, SkippedFiles: 1, Written: result.Written,
		Objects: map[topology.Kind]int{
			topology.KindNode: 3, topology.KindClass: 1, topology.KindClaim: 1, topology.KindVolumeSnapshot: 1,
		},
		SkippedKinds: map[string]int{"Deployment": 1, "Gadget": 1},
		Repeated:     []string{"PersistentVolumeClaim default/data"},
		// The file is read twice.
		UnknownFields: manifests.UnknownFields{Count: 2, Examples: []string{"spec.fieldOfALaterVersion (PersistentVolumeClaim data)"}},
	}
	if diff := cmp.Diff(want, result); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	s := cache.Snapshot()
	if got := s.Claim("default", "data"); got == nil || got.Class != "fast" || got.Request != 1<<30 {
		t.Errorf("claim default/data: %+v", got)
	}
	if class := s.Class("fast"); class == nil || !class.Delayed {
		t.Errorf("class fast: %+v", class)
	}
	if got := s.VolumeSnapshot("default", "nightly"); got == nil || got.SourceClaim != "data" || got.RestoreSize != 2<<30 || got.Content != "content-1" {
		t.Errorf("snapshot default/nightly: %+v", got)
	}
	if got := s.NumNodes(); got != 3 {
		t.Errorf("%d nodes, want 3", got)
	}
	if missing := cache.Missing(); len(missing) > 0 {
		t.Errorf("after a load these kinds have not synced: %v", missing)
	}
}

func TestLoadErrorsSayWhere(t *testing.T) {
	for _, test := range []struct {
		name, content, want string
	}{
		{"not YAML", "a: [1\n", "bad.yaml, document 1 is not YAML"},
		{"second document", "apiVersion: v1\nkind: Node\nmetadata: {name: node-1}\n---\nkind: Node\n", "bad.yaml, document 2: not an API object"},
		{"a scalar", "hello\n", "bad.yaml, document 1: not an API object"},
		{"wrong type", "apiVersion: v1\nkind: Node\nmetadata: {name: node-1, labels: 7}\n", "bad.yaml, document 1: Node:"},
		{"no name", "apiVersion: v1\nkind: Node\n", "bad.yaml, document 1: Node has no metadata.name"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := directory(t, "-- bad.yaml --\n"+test.content)
			cache := topology.New(topology.Options{})
			_, err := manifests.Load(cache, dir)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want one with %q", err, test.want)
			}
			if len(cache.Missing()) != len(topology.Kinds) {
				t.Error("the cache was changed although the load failed")
			}
		})
	}
	_, err := manifests.Load(topology.New(topology.Options{}), filepath.Join(t.TempDir(), "absent"))
	if err == nil || !strings.Contains(err.Error(), "absent") {
		t.Errorf("error for an absent path: %v", err)
	}
}

// The type of a document is found wherever it stands, and a YAML document that only looks like JSON is read as YAML.
func TestEveryFormOfDocument(t *testing.T) {
	for _, document := range []string{
		`{"apiVersion":"v1","kind":"Node","metadata":{"name":"node-1"}}`,
		`{"metadata":{"name":"node-1","annotations":{"a":"} \"kind\": {["}},"kind":"Node","spec":{},"apiVersion":"v1"}`,
		` { "spec" : {"taints":[]}, "kind" : "Node" , "apiVersion" : "v1", "metadata": {"name": "node-1"} } `,
		`{"kind":"\u004eode","apiVersion":"v1","metadata":{"name":"node-1"}}`,
		`{"apiVersion": "v1", "kind": "Node", metadata: {name: node-1}}`,
		`{apiVersion: v1, kind: Node, metadata: {name: node-1}}`,
		"apiVersion: v1\nkind: Node\nmetadata:\n  name: node-1\n  annotations: {text: 'a --- b'}",
	} {
		for _, file := range []string{document, "---\n" + document, document + "\n---\n", "\r\n---  \r\n" + document + "\r\n---\r\n---\r\n"} {
			cache := topology.New(topology.Options{NodeDelay: -1})
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "node.yaml"), []byte(file), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := manifests.Load(cache, dir); err != nil {
				t.Errorf("%q: %v", file, err)
			} else if s := cache.Snapshot(); s.NumNodes() != 1 || s.Node(0).Name != "node-1" {
				t.Errorf("%q holds %d nodes, want node-1", file, s.NumNodes())
			}
		}
	}
}

// What is met in a directory may be anything: only regular files are read, through links too, and what is not an API object is left
// out. What is named is read whatever it is.
func TestDirectoriesHoldOtherThings(t *testing.T) {
	dir := directory(t, `
-- inside/node.yaml --
apiVersion: v1
kind: Node
metadata: {name: node-1}
-- inside/Chart.yaml --
apiVersion: v2
name: chart
-- inside/values.yaml --
kind: {of: values}
-- inside/templates/node.yaml --
{{ .Values.x }}
-- outside.yaml --
apiVersion: v1
kind: Node
metadata: {name: node-2}
`)
	inside := filepath.Join(dir, "inside")
	for name, target := range map[string]string{
		"linked.yaml": "../outside.yaml", "zero.yaml": "/dev/zero", "loop.yaml": "loop.yaml", "up.yaml": "..", "gone.yaml": "gone",
	} {
		if err := os.Symlink(target, filepath.Join(inside, name)); err != nil {
			t.Skip(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(inside, "pipe.yaml"), 0o600); err != nil {
		t.Skip(err)
	}
	if err := os.Symlink("inside", filepath.Join(dir, "link")); err != nil {
		t.Skip(err)
	}
	for _, path := range []string{inside, filepath.Join(dir, "link")} {
		cache := topology.New(topology.Options{NodeDelay: -1})
		result, err := manifests.Load(cache, path)
		if err != nil {
			t.Fatal(err)
		}
		if n := cache.Snapshot().NumNodes(); n != 2 || result.SkippedFiles != 5 || result.SkippedDocuments != 2 || len(result.Charts) != 1 {
			t.Errorf("%s: %d nodes, %+v", path, n, result)
		}
	}
	if _, err := manifests.Load(topology.New(topology.Options{}), filepath.Join(inside, "values.yaml")); err == nil {
		t.Error("a file that was named and holds no API object is taken")
	}
}

// Every field that is not known counts, in every form of document, and what is known is read all the same.
func TestUnknownFieldsAreCounted(t *testing.T) {
	for _, tc := range []struct {
		name, content, example string
		count                  int
	}{
		{"YAML", "apiVersion: v1\nkind: Node\nmetadata: {name: node-1, lables: {}, x: 1}\nstatus: {y: 1}\n", "metadata.lables (Node node-1)", 3},
		{"JSON", `{"apiVersion":"v1","kind":"Node","metadata":{"name":"node-1"},"status":{"later":{"a":1,"b":2}}}`, "status.later (Node node-1)", 1},
		{"List", `{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Node","metadata":{"name":"node-1"},"later":1}]}`, "later (Node node-1)", 1},
		{"NodeList", `{"apiVersion":"v1","kind":"NodeList","items":[{"metadata":{"name":"node-1"},"later":1}]}`, "items[0].later (NodeList)", 1},
		{"twice is known", `{"apiVersion":"v1","kind":"Node","metadata":{"name":"x","name":"node-1"}}`, "", 0},
		{"of another kind", `{"apiVersion":"v1","kind":"Node","metadata":{"name":"node-1"}} {"apiVersion":"v9","kind":"Later","x":1}`, "", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cache := topology.New(topology.Options{NodeDelay: -1})
			result, err := manifests.Reader{Stdin: strings.NewReader(tc.content)}.Load(cache, "-")
			if err != nil {
				t.Fatal(err)
			}
			if s := cache.Snapshot(); s.NumNodes() != 1 || s.Node(0).Name != "node-1" {
				t.Errorf("%d nodes were read", s.NumNodes())
			}
			u := result.UnknownFields
			if u.Count != tc.count || tc.example != "" && (len(u.Examples) == 0 || u.Examples[0] != tc.example) {
				t.Errorf("unknown fields: %+v, want %d, such as %s", u, tc.count, tc.example)
			}
		})
	}
}
