// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

const (
	testVersion = "v1.2.3"
	testCommit  = "0123456789abcdef0123456789abcdef01234567"
	testDate    = "2026-11-01T12:00:00Z"
)

// makeRelease makes a release of the repository in the directory, for this machine's architecture alone.
func makeRelease(t *testing.T, root string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	var said bytes.Buffer
	err := run(t.Context(), []string{
		"-root", root, "-out", dir, "-version", testVersion, "-commit", testCommit, "-date", testDate,
		"-platforms", "linux/" + runtime.GOARCH, "all",
	}, &said, &said)
	if err != nil {
		t.Fatalf("%v\n%s", err, &said)
	}
	return dir
}

// TestRelease makes a real release once, and again from another directory, and looks at it as its users do.
func TestRelease(t *testing.T) {
	dir := makeRelease(t, "..")
	t.Run("reproducible", func(t *testing.T) {
		want, got := readAll(t, dir), readAll(t, makeRelease(t, copyOfSource(t)))
		for name := range want {
			if got[name] != want[name] {
				t.Errorf("%s differs when it is made from a copy of the source in another directory", name)
			}
			delete(got, name)
		}
		if len(got) > 0 {
			t.Errorf("the second release has files that the first has not: %d", len(got))
		}
	})
	t.Run("checksums", func(t *testing.T) { testChecksums(t, dir) })
	t.Run("image", func(t *testing.T) { testImage(t, dir) })
	t.Run("krew", func(t *testing.T) { testKrew(t, dir) })
	t.Run("bill of materials", func(t *testing.T) { testBill(t, dir) })
}

// copyOfSource copies what git knows of the repository to another directory.
func copyOfSource(t *testing.T) string {
	t.Helper()
	list, err := exec.Command("git", "-C", "..", "ls-files", "-z", "--", ":!e2e", ":!release").Output()
	if err != nil {
		t.Skipf("list the source: %v; the release is compared with one made from a git clone only", err)
	}
	root := t.TempDir()
	for name := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		data, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		target := filepath.Join(root, name)
		if err = os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			t.Fatal(err)
		}
		if err = os.WriteFile(target, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func readAll(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for _, e := range entries {
		all[e.Name()] = string(read(t, filepath.Join(dir, e.Name())))
	}
	return all
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func testChecksums(t *testing.T, dir string) {
	const name = "SHA256SUMS"
	files := readAll(t, dir)
	want := map[string]string{}
	for file, data := range files {
		if file != name {
			want[file] = sumOf([]byte(data))
		}
	}
	got := map[string]string{}
	for line := range strings.Lines(files[name]) {
		sum, file, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		got[file] = sum
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("checksums of the files (-want +got):\n%s", diff)
	}
}

// testImage unpacks the image and starts the program in it, with nothing around it and as the user that the image names.
func testImage(t *testing.T, dir string) {
	img, err := tarball.ImageFromPath(filepath.Join(dir, imageTarball), nil)
	if err != nil {
		t.Fatal(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.Config.User != "65532:65532" {
		t.Errorf("the image runs as %q, want 65532:65532", config.Config.User)
	}
	labels := config.Config.Labels
	if labels["org.opencontainers.image.version"] != testVersion || labels["org.opencontainers.image.revision"] != testCommit ||
		labels["org.opencontainers.image.created"] != testDate {
		t.Errorf("the image's labels are %v", labels)
	}
	root := unpackImage(t, img)
	program := filepath.Join(root, config.Config.Entrypoint[0])
	binary, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = binary.Close() }()
	libraries, err := binary.ImportedLibraries()
	if err != nil || len(libraries) > 0 {
		t.Errorf("the program needs the libraries %v (%v), want none on an empty base", libraries, err)
	}
	for _, segment := range binary.Progs {
		if segment.Type == elf.PT_INTERP {
			t.Error("the program asks for a dynamic linker, which an empty base has not")
		}
	}
	if runtime.GOOS != "linux" {
		t.Skip("the program in the image runs on Linux only")
	}
	cmd := exec.CommandContext(t.Context(), config.Config.Entrypoint[0], "version", "-o", "json")
	cmd.Env = []string{}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
		cmd.Dir = "/"
	} else {
		cmd.Path = program
	}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("start the program of the image: %v", err)
	}
	var got struct{ Version, Commit, Date string }
	if err = json.Unmarshal(out, &got); err != nil {
		t.Fatalf("read %q: %v", out, err)
	}
	if got.Version != testVersion || got.Commit != testCommit || got.Date != testDate {
		t.Errorf("the program says it is %+v", got)
	}
}

func unpackImage(t *testing.T, img v1.Image) string {
	t.Helper()
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	for _, layer := range layers {
		r, err := layer.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		unpackTar(t, r, root)
		if err = r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func unpackTar(t *testing.T, r io.Reader, dir string) {
	t.Helper()
	for tr := tar.NewReader(r); ; {
		header, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return
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
				err = os.WriteFile(target, data, header.FileInfo().Mode())
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// testKrew does what krew does: takes the archive that the manifest names, compares its checksum, and picks the files out of it.
func testKrew(t *testing.T, dir string) {
	plugin := readPlugin(t, dir)
	if plugin.Metadata.Name != "moorage" || plugin.Spec.Version != testVersion || len(plugin.Spec.Platforms) != 1 {
		t.Fatalf("the manifest is %+v", plugin)
	}
	p := plugin.Spec.Platforms[0]
	const directory = homepage + "/releases/download/" + testVersion + "/"
	name, ok := strings.CutPrefix(p.URI, directory)
	if !ok {
		t.Fatalf("the archive is at %s, want it in %s", p.URI, directory)
	}
	packed := read(t, filepath.Join(dir, name))
	if got := sumOf(packed); got != p.SHA256 {
		t.Errorf("the manifest says that %s has checksum %s, it has %s", name, p.SHA256, got)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	unpacked := t.TempDir()
	unpackTar(t, r, unpacked)
	for _, f := range p.Files {
		if _, err = os.Stat(filepath.Join(unpacked, f.From)); err != nil {
			t.Error(err)
		}
	}
	// krew starts the program through a link of this name.
	link := filepath.Join(t.TempDir(), "kubectl-moorage")
	if err = os.Symlink(filepath.Join(unpacked, p.Bin), link); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "linux" {
		t.Skip("the program in the archive runs on Linux only")
	}
	out, err := exec.CommandContext(t.Context(), link, "--help").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "kubectl moorage") {
		t.Errorf("as a plugin it prints (%v)\n%s", err, out)
	}
}

// testBill holds the bill of materials against the program in the archive.
func testBill(t *testing.T, dir string) {
	name := filepath.Join(dir, "moorage_"+testVersion+"_linux_"+runtime.GOARCH)
	var bill cdx.BOM
	if err := cdx.NewBOMDecoder(bytes.NewReader(read(t, name+".cdx.json")), cdx.BOMFileFormatJSON).Decode(&bill); err != nil {
		t.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(read(t, name+".tar.gz")))
	if err != nil {
		t.Fatal(err)
	}
	unpacked := t.TempDir()
	unpackTar(t, r, unpacked)
	program := filepath.Join(unpacked, "moorage")
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"std": strings.TrimPrefix(info.GoVersion, "go")}
	for _, module := range info.Deps {
		want[module.Path] = module.Version
	}
	got := map[string]string{}
	for _, c := range *bill.Components {
		got[c.Name] = c.Version
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("modules (-want +got):\n%s", diff)
	}
	if hash := (*bill.Metadata.Component.Hashes)[0].Value; hash != sumOf(read(t, program)) {
		t.Errorf("the bill is for a program with checksum %s, which is not that of the archive's", hash)
	}
	// Each module's licence goes with the program.
	notices := string(read(t, filepath.Join(unpacked, noticesName)))
	for _, module := range info.Deps {
		if !strings.Contains(notices, "\n"+module.Path+" "+module.Version+"\n") {
			t.Errorf("%s has no licence of %s", noticesName, module.Path)
		}
	}
}
