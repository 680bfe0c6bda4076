// SPDX-License-Identifier: Apache-2.0

package storagemap_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/moorage-k8s/moorage/internal/storagemap"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/manifests"
	"github.com/moorage-k8s/moorage/topology/placement"
	"github.com/moorage-k8s/moorage/topology/synthetic"
)

var update = flag.Bool("update", false, "write the golden files")

func engine(t *testing.T) *placement.Engine {
	t.Helper()
	e, err := placement.NewEngine(placement.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func draw(t *testing.T, as func(io.Writer, *storagemap.Map) error, m *storagemap.Map) string {
	t.Helper()
	var out bytes.Buffer
	if err := as(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// maps are those of the cluster that a file describes, without a pod and for prod/db-0.
func maps(t *testing.T, file string) (plain, asked *storagemap.Map) {
	t.Helper()
	cache := topology.New(topology.Options{NodeDelay: -1})
	if _, err := manifests.Load(cache, file); err != nil {
		t.Fatal(err)
	}
	s := cache.Snapshot()
	return storagemap.Of(s, engine(t), nil), storagemap.Of(s, engine(t), s.Pod(topology.Key{Namespace: "prod", Name: "db-0"}))
}

// The golden files, and the picture in docs, are the map of a small cluster with everything in it that is drawn: look at them when they change.
func TestMap(t *testing.T) {
	plain, asked := maps(t, "testdata/cluster.yaml")
	_, example := maps(t, "testdata/example.yaml")
	for name, got := range map[string]string{
		"map.txt": draw(t, storagemap.Text, plain), "map-pod.txt": draw(t, storagemap.Text, asked),
		"map.svg": draw(t, storagemap.SVG, plain), "map-pod.svg": draw(t, storagemap.SVG, asked),
		"../../../docs/map.svg": draw(t, storagemap.SVG, example),
	} {
		file := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil { //nolint:gosec // A golden file is public.
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s differs; go test ./internal/storagemap -update writes it anew (-want +got):\n%s", file, diff)
		}
		wellDrawn(t, name, got)
	}
}

// wellDrawn checks what must hold of any map: text of 100 columns at most; a picture that is XML, of the elements that are meant,
// and within its own frame.
func wellDrawn(t *testing.T, name, got string) {
	t.Helper()
	if !strings.HasPrefix(got, "<svg") {
		for line := range strings.Lines(got) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 100 {
				t.Errorf("%s: a line has %d columns: %s", name, n, line)
			}
		}
		return
	}
	decoder := xml.NewDecoder(strings.NewReader(got))
	var width, height int
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s is no XML: %v", name, err)
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		number := map[string]int{}
		for _, a := range element.Attr {
			if n, err := strconv.ParseFloat(a.Value, 64); err == nil {
				number[a.Name.Local] = int(n)
			}
		}
		switch element.Name.Local {
		case "svg":
			width, height = number["width"], number["height"]
		case "rect":
			if number["x"]+number["width"] > width || number["y"]+number["height"] > height || number["x"] < 0 || number["y"] < 0 {
				t.Errorf("%s: %v is outside of the picture of %d × %d", name, element, width, height)
			}
		case "text":
			if number["x"] > width || number["y"] > height {
				t.Errorf("%s: %v is outside of the picture of %d × %d", name, element, width, height)
			}
		case "script", "foreignObject", "image", "a":
			t.Errorf("%s: a <%s> is in the picture", name, element.Name.Local)
		}
	}
}

// Thousands of nodes and pools are a screen of text and a picture of moderate size, and the same cluster gives the same bytes.
func TestMapOfManyNodes(t *testing.T) {
	size := synthetic.Size{Nodes: 5000, Volumes: 5_000, Pods: 2_000, LocalPools: true}
	var first string
	for range 2 {
		s := synthetic.Cache(size).Snapshot()
		m := storagemap.Of(s, engine(t), s.Pod(topology.Key{Namespace: synthetic.Namespace, Name: "db-0"}))
		text, picture := draw(t, storagemap.Text, m), draw(t, storagemap.SVG, m)
		wellDrawn(t, "text", text)
		wellDrawn(t, "picture", picture)
		if lines := strings.Count(text, "\n"); lines > 40 {
			t.Errorf("the text has %d lines:\n%s", lines, text)
		}
		if len(picture) > 1<<20 {
			t.Errorf("the picture has %d bytes", len(picture))
		}
		if first != "" && first != text+picture {
			t.Error("the same cluster is drawn in two ways")
		}
		first = text + picture
	}
}
