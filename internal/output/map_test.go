// SPDX-License-Identifier: Apache-2.0

package output_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	storagev1 "k8s.io/api/storage/v1"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/internal/output"
	"github.com/moorage-k8s/moorage/internal/storagemap"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/manifests"
	"github.com/moorage-k8s/moorage/topology/placement"
	"github.com/moorage-k8s/moorage/topology/synthetic"
)

func engine(t *testing.T) *placement.Engine {
	t.Helper()
	e, err := placement.NewEngine(placement.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func draw(t *testing.T, as string, m *storagemap.Map) string {
	t.Helper()
	var out bytes.Buffer
	if err := output.WriteMap(&out, m, as); err != nil {
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
	return storagemap.New(s, engine(t), nil), storagemap.New(s, engine(t), s.Pod(topology.Key{Namespace: "prod", Name: "db-0"}))
}

// The golden files, and the picture in docs, are the map of a small cluster with everything in it that is drawn: look at them when they change.
func TestMap(t *testing.T) {
	plain, asked := maps(t, "testdata/map/cluster.yaml")
	_, example := maps(t, "../../examples/map/cluster.yaml")
	for name, got := range map[string]string{
		"map.txt": draw(t, "text", plain), "map-pod.txt": draw(t, "text", asked),
		"map.svg": draw(t, "svg", plain), "map-pod.svg": draw(t, "svg", asked),
		"../../../../docs/map.svg": draw(t, "svg", example),
	} {
		file := filepath.Join("testdata", "map", name)
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
			t.Errorf("%s differs; go test ./internal/output -update writes it again (-want +got):\n%s", file, diff)
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
		m := storagemap.New(s, engine(t), s.Pod(topology.Key{Namespace: synthetic.Namespace, Name: "db-0"}))
		text, picture := draw(t, "text", m), draw(t, "svg", m)
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

// The nodes of a cloud differ in the middle of their names only: each is told apart, in the text and in the picture.
func TestNodesThatDifferInTheMiddle(t *testing.T) {
	for _, nodes := range []int{6, 40} {
		cache := topology.New(topology.Options{NodeDelay: -1})
		objects := map[topology.Kind][]metav1.Object{}
		for i := range nodes {
			name := fmt.Sprintf("ip-10-0-%d-%d.eu-west-1.compute.internal", i/7, 7*i)
			objects[topology.KindNode] = append(objects[topology.KindNode], &corev1.Node{ObjectMeta: metav1.ObjectMeta{
				Name: name, Labels: map[string]string{corev1.LabelTopologyZone: "eu-west-1a"},
			}})
			objects[topology.KindCSINode] = append(objects[topology.KindCSINode], &storagev1.CSINode{
				ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: storagev1.CSINodeSpec{Drivers: []storagev1.CSINodeDriver{{
					Name: "ebs.csi.aws.com", NodeID: name, Allocatable: &storagev1.VolumeNodeResources{Count: new(int32(25))},
				}}},
			})
			objects[topology.KindVolume] = append(objects[topology.KindVolume], &corev1.PersistentVolume{
				ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.PersistentVolumeSpec{PersistentVolumeSource: corev1.PersistentVolumeSource{
					CSI: &corev1.CSIPersistentVolumeSource{Driver: "ebs.csi.aws.com", VolumeHandle: name},
				}},
			})
			objects[topology.KindAttachment] = append(objects[topology.KindAttachment], &storagev1.VolumeAttachment{
				ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: storagev1.VolumeAttachmentSpec{
					Attacher: "ebs.csi.aws.com", NodeName: name, Source: storagev1.VolumeAttachmentSource{PersistentVolumeName: new(name)},
				},
			})
		}
		if err := cache.ReplaceAll(objects); err != nil {
			t.Fatal(err)
		}
		m := storagemap.New(cache.Snapshot(), engine(t), nil)
		want := []string{"ip-10-0-0-0", "ip-10-0-0-14", "ip-10-0-0-21"}
		for _, as := range []string{"text", "svg"} {
			got := draw(t, as, m)
			for _, name := range want {
				if !strings.Contains(got, name+"…") && (as == "text" || nodes == 6) {
					t.Errorf("%d nodes, %s: %s is not to be found:\n%s", nodes, as, name, got)
				}
			}
		}
	}
}

// A program that reads a map finds the zones with their nodes, the pools with what is left, and the pod.
func TestMapForPrograms(t *testing.T) {
	_, asked := maps(t, "testdata/map/cluster.yaml")
	got := draw(t, "json", asked)
	file := filepath.Join("testdata", "map", "map-pod.json")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
