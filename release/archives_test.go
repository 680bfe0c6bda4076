// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/zip"
	"bytes"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/release/internal/krew"
	"github.com/moorage-k8s/moorage/release/internal/program"
)

// Windows has its own kind of archive and its own name for the program, and krew knows both.
func TestArchiveForWindows(t *testing.T) {
	t.Parallel()
	platform := program.Platform{OS: "windows", Arch: "arm64"}
	r := &release{source: program.Source{Root: "..", Version: testVersion, Time: time.Unix(1793534400, 0)}, dir: t.TempDir()}
	archives, err := r.writeArchives([]built{{platform: platform, program: []byte("program"), notices: []byte("notices")}})
	if err != nil {
		t.Fatal(err)
	}
	const name = "moorage_" + testVersion + "_windows_arm64.zip"
	packed := read(t, filepath.Join(r.dir, name))
	want := []krew.Archive{{Platform: platform, URL: homepage + "/releases/download/" + testVersion + "/" + name, SHA256: sumOf(packed)}}
	if diff := cmp.Diff(want, archives); diff != "" {
		t.Errorf("archives (-want +got):\n%s", diff)
	}
	in, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range in.File {
		names = append(names, f.Name)
	}
	if diff := cmp.Diff([]string{"LICENSE", "README.md", noticesName, "moorage.exe"}, names); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if err = r.writeKrewManifest(archives); err != nil {
		t.Fatal(err)
	}
	plugin := readPlugin(t, r.dir)
	if got := plugin.Spec.Platforms[0]; got.Bin != "moorage.exe" || !slices.Contains(names, got.Files[0].From) || got.Selector.MatchLabels["os"] != "windows" {
		t.Errorf("krew gets %+v", got)
	}
}

// plugin is what krew reads of its manifest.
type plugin struct {
	Metadata struct{ Name string }
	Spec     struct {
		Version   string
		Platforms []struct {
			Selector         struct{ MatchLabels map[string]string }
			URI, SHA256, Bin string
			Files            []struct{ From, To string }
		}
	}
}

func readPlugin(t *testing.T, dir string) (p plugin) {
	t.Helper()
	if err := yaml.Unmarshal(read(t, filepath.Join(dir, "krew-moorage.yaml")), &p); err != nil {
		t.Fatal(err)
	}
	return p
}
