// SPDX-License-Identifier: Apache-2.0

package image

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/moorage-k8s/moorage/release/archive"
)

const reference = "example.com/tools/hello:v1.2.3"

func hello(platform string) Image {
	return Image{
		Platform:   platform,
		Files:      []archive.File{{Name: "bin/hello", Mode: 0o755, Data: []byte("the program for " + platform)}},
		Entrypoint: []string{"/bin/hello", "--world"},
		Labels:     map[string]string{"org.opencontainers.image.title": "hello"},
		Created:    time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC),
	}
}

func write(t *testing.T, images ...Image) (path string, digest v1.Hash) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "image.tar")
	digest, err := WriteTarball(path, reference, images...)
	if err != nil {
		t.Fatal(err)
	}
	return path, digest
}

// unpack lays a tarball out in a directory, as a reader of OCI layouts does.
func unpack(t *testing.T, path string) string {
	t.Helper()
	dir := t.TempDir()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for tr := tar.NewReader(f); ; {
		header, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		if err != nil {
			t.Fatal(err)
		}
		target := filepath.Join(dir, filepath.FromSlash(header.Name))
		if header.Typeflag == tar.TypeDir {
			err = os.MkdirAll(target, 0o755)
		} else {
			var data []byte
			if data, err = io.ReadAll(tr); err == nil {
				err = os.WriteFile(target, data, 0o600)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func config(t *testing.T, img v1.Image) *v1.ConfigFile {
	t.Helper()
	file, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// containerd, podman and skopeo read the tarball as an OCI layout with one index, from which they take their platform.
func TestOCILayout(t *testing.T) {
	t.Parallel()
	path, digest := write(t, hello("linux/amd64"), hello("linux/arm64"))
	root, err := layout.ImageIndexFromPath(unpack(t, path))
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := root.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(manifest.Manifests) != 1 || manifest.Manifests[0].Digest != digest {
		t.Fatalf("the layout lists %+v, want the one index %s", manifest.Manifests, digest)
	}
	want := map[string]string{"io.containerd.image.name": reference, "org.opencontainers.image.ref.name": "v1.2.3"}
	if diff := cmp.Diff(want, manifest.Manifests[0].Annotations); diff != "" {
		t.Errorf("names of the image (-want +got):\n%s", diff)
	}
	all, err := root.ImageIndex(digest)
	if err != nil {
		t.Fatal(err)
	}
	// Every digest, size, diff ID and media type is as the documents say.
	if err = validate.Index(all); err != nil {
		t.Error(err)
	}
	list, err := all.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var platforms []string
	for _, m := range list.Manifests {
		img, err := all.Image(m.Digest)
		if err != nil {
			t.Fatal(err)
		}
		file := config(t, img)
		if file.Platform().String() != m.Platform.String() {
			t.Errorf("the image for %s says it is for %s", m.Platform, file.Platform())
		}
		platforms = append(platforms, m.Platform.String())
	}
	if diff := cmp.Diff([]string{"linux/amd64", "linux/arm64"}, platforms); diff != "" {
		t.Errorf("platforms (-want +got):\n%s", diff)
	}
}

// Docker's own store reads manifest.json, and gets the first platform.
func TestDockerArchive(t *testing.T) {
	t.Parallel()
	path, _ := write(t, hello("linux/amd64"), hello("linux/arm64"))
	img, err := tarball.ImageFromPath(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err = validate.Image(img); err != nil {
		t.Error(err)
	}
	file := config(t, img)
	if file.Architecture != "amd64" {
		t.Errorf("the image is for %s, want the first one given, amd64", file.Architecture)
	}
	want := v1.Config{
		Entrypoint: []string{"/bin/hello", "--world"}, User: NonRoot, WorkingDir: "/",
		Labels: map[string]string{"org.opencontainers.image.title": "hello"},
	}
	if diff := cmp.Diff(want, file.Config); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	manifest, err := tarball.LoadManifest(func() (io.ReadCloser, error) { return os.Open(path) })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{reference}, manifest[0].RepoTags); diff != "" {
		t.Errorf("names of the image (-want +got):\n%s", diff)
	}
}

// What is in the image belongs to root and can be changed by nobody else, no matter who made it.
func TestFilesBelongToRoot(t *testing.T) {
	t.Parallel()
	path, _ := write(t, hello("linux/amd64"))
	img, err := tarball.ImageFromPath(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	r, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	type entry struct {
		Name     string
		Mode     int64
		UID, GID int
		Modified time.Time
	}
	var got []entry
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, entry{h.Name, h.Mode, h.Uid, h.Gid, h.ModTime.UTC()})
	}
	created := hello("").Created
	want := []entry{{"bin/", 0o755, 0, 0, created}, {"bin/hello", 0o755, 0, 0, created}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestImageThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	twice := hello("linux/amd64")
	twice.Files = append(twice.Files, twice.Files...)
	outside := hello("linux/amd64")
	outside.Files = []archive.File{{Name: "../hello"}}
	for _, tc := range []struct {
		name, reference string
		images          []Image
	}{
		{"no tag, which would be latest", "example.com/tools/hello", []Image{hello("linux/amd64")}},
		{"no image", reference, nil},
		{"no architecture", reference, []Image{hello("linux")}},
		{"a file twice", reference, []Image{twice}},
		{"a file outside the image", reference, []Image{outside}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if _, err := WriteTarball(filepath.Join(t.TempDir(), "image.tar"), tc.reference, tc.images...); err == nil {
				t.Error("no error")
			}
		})
	}
}
