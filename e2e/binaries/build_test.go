// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// smallTree makes a tree with one small program in it, and goes there.
func smallTree(t *testing.T) (dir string, program Binary) {
	t.Helper()
	dir = t.TempDir()
	write(t, filepath.Join(dir, "e2e", "go.mod"), "module "+modulePath+"\n\ngo 1.26.0\n")
	write(t, filepath.Join(dir, "e2e", "hello", "main.go"), "package main\n\nvar version = \"unset\"\n\nfunc main() { print(version) }\n")
	write(t, filepath.Join(dir, "go.mod"), "module example.com/product\n\ngo 1.26.0\n")
	write(t, filepath.Join(dir, "cmd", "moorage", "main.go"), "package main\n\nfunc main() { print(\"first\") }\n")
	t.Chdir(dir)
	t.Setenv(CacheEnv, "")
	return dir, Binary{
		Name: "hello", Version: "v1.2.3", Module: ".", Package: modulePath + "/hello",
		Stamps: map[string]string{"main.version": "v1.2.3"},
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, file string) string {
	t.Helper()
	out, err := exec.Command(file).CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestBuildOnceForAllWhoAskAtOnce(t *testing.T) {
	dir, program := smallTree(t)
	var built [3]bytes.Buffer
	var files [3]string
	var wg sync.WaitGroup
	for i := range built {
		wg.Go(func() {
			got, err := Builder{Progress: &built[i]}.Build(t.Context(), program)
			if err != nil {
				t.Error(err)
			}
			files[i] = got["hello"]
		})
	}
	wg.Wait()
	compiled := 0
	for i := range built {
		compiled += strings.Count(built[i].String(), "built hello v1.2.3")
		if files[i] != files[0] {
			t.Errorf("builders disagree about the file: %s and %s", files[i], files[0])
		}
	}
	if compiled != 1 {
		t.Errorf("the program was built %d times, want once:\n%s%s%s", compiled, &built[0], &built[1], &built[2])
	}
	if got := run(t, files[0]); got != "v1.2.3" {
		t.Errorf("the program says it is %q, want the stamped v1.2.3", got)
	}
	if want := filepath.Join(dir, ".cache", "e2e", "bin"); !strings.HasPrefix(files[0], want) {
		t.Errorf("the file %s is not in %s", files[0], want)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".cache", "e2e", "build-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("builds left %v behind (%v)", left, err)
	}
}

func TestBuildAgainWhenSomethingChanged(t *testing.T) {
	dir, program := smallTree(t)
	build := func(p Binary) string {
		t.Helper()
		got, err := Builder{}.Build(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		return got["hello"]
	}
	first := build(program)
	bumped := program
	bumped.Version, bumped.Stamps = "v1.2.4", map[string]string{"main.version": "v1.2.4"}
	if second := build(bumped); second == first || run(t, second) != "v1.2.4" {
		t.Errorf("a new version was not built: %s", second)
	}
	write(t, filepath.Join(dir, "e2e", "go.mod"), "module "+modulePath+"\n\n// A comment.\ngo 1.26.0\n")
	if same := build(program); same != first {
		t.Error("a comment in go.mod led to a new build")
	}
	write(t, filepath.Join(dir, "e2e", "go.mod"), "module "+modulePath+"\n\ngo 1.26\n")
	if third := build(program); third == first {
		t.Error("a change of the dependencies did not lead to a new build")
	}
}

func TestBuildsAreNumberedAndToldToStop(t *testing.T) {
	dir, first := smallTree(t)
	write(t, filepath.Join(dir, "e2e", "again", "main.go"), "package main\n\nfunc main() {}\n")
	second := Binary{Name: "again", Version: "v2.0.0", Module: ".", Package: modulePath + "/again"}
	var said bytes.Buffer
	if _, err := (Builder{Progress: &said}).Build(t.Context(), first, second); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"building 1 of 2: hello v1.2.3\n", "built hello v1.2.3 in ", "building 2 of 2: again v2.0.0\n"} {
		if !strings.Contains(said.String(), line) {
			t.Errorf("it does not say %q, but:\n%s", line, &said)
		}
	}
	said.Reset()
	first.Version = "v1.2.4"
	if _, err := (Builder{Progress: &said}).Build(t.Context(), first, second); err != nil {
		t.Fatal(err)
	}
	if got := said.String(); !strings.HasPrefix(got, "building hello v1.2.4\nbuilt hello v1.2.4 in ") {
		t.Errorf("of one that is missing it says:\n%s", got)
	}

	write(t, filepath.Join(dir, "go"), "#!/bin/sh\ncase $1 in build) exec sleep 60 ;; esac\n")
	if err := os.Chmod(filepath.Join(dir, "go"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	said.Reset()
	first.Version = "v1.2.5"
	ctx, stop := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer stop()
	if _, err := (Builder{Progress: &said}).Build(ctx, first); !errors.Is(err, ErrStopped) {
		t.Errorf("a build that was asked to stop ends with: %v", err)
	}
	if !strings.Contains(said.String(), "stopped building hello v1.2.5") {
		t.Errorf("it says:\n%s", &said)
	}
}

func TestBuildErrorHoldsTheCompilersMessage(t *testing.T) {
	dir, program := smallTree(t)
	write(t, filepath.Join(dir, "e2e", "hello", "main.go"), "package main\n\nfunc main() { undefinedName() }\n")
	_, err := Builder{}.Build(t.Context(), program)
	if err == nil || !strings.Contains(err.Error(), "undefinedName") {
		t.Errorf("got error %v, want one that holds the compiler's message", err)
	}
}

func TestMoorageIsAlwaysTheTreesOwn(t *testing.T) {
	dir, _ := smallTree(t)
	for _, text := range []string{"first", "second"} {
		write(t, filepath.Join(dir, "cmd", "moorage", "main.go"), "package main\n\nfunc main() { print(\""+text+"\") }\n")
		file, err := Builder{}.Moorage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := run(t, file); got != text {
			t.Errorf("moorage prints %q, want %q", got, text)
		}
	}
}

// A program that is built each time is linked only when something changed, and who runs the earlier one is not disturbed.
func TestWhatIsUpToDateIsNotLinkedAgain(t *testing.T) {
	dir, program := smallTree(t)
	b, module := Builder{Cache: filepath.Join(dir, "cache")}, filepath.Join(dir, "e2e")
	build := func() (file string, info os.FileInfo) {
		t.Helper()
		file, err := b.buildOwn(t.Context(), tree{root: dir, e2e: module}, module, program)
		if err != nil {
			t.Fatal(err)
		}
		if info, err = os.Stat(file); err != nil {
			t.Fatal(err)
		}
		return file, info
	}
	file, first := build()
	said := run(t, file)
	earlier := filepath.Join(dir, "earlier")
	if err := os.Link(file, earlier); err != nil {
		t.Fatal(err)
	}
	if _, second := build(); !os.SameFile(first, second) {
		t.Error("nothing has changed, and yet the program was linked again")
	}
	program.Stamps = map[string]string{"main.version": "another"}
	if _, third := build(); os.SameFile(first, third) || run(t, file) == said {
		t.Error("the program is not rebuilt though something changed")
	}
	if got := run(t, earlier); got != said {
		t.Errorf("the earlier program says %q now, want %q", got, said)
	}
}

func TestPruneRemovesOnlyWhatNobodyUses(t *testing.T) {
	dir, program := smallTree(t)
	got, err := Builder{}.Build(t.Context(), program)
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(dir, ".cache", "e2e", "bin")
	stale := filepath.Join(bin, "v1.0.0-000000000000")
	write(t, filepath.Join(stale, "hello"), "")
	old := time.Now().Add(-2 * unusedLimit)
	for _, directory := range []string{stale, filepath.Dir(got["hello"])} {
		if err = os.Chtimes(directory, old, old); err != nil {
			t.Fatal(err)
		}
	}
	if !isBuilt(got["hello"]) {
		t.Fatal("the build is gone")
	}
	if err = prune(bin); err != nil {
		t.Fatal(err)
	}
	if _, err = os.Stat(stale); !os.IsNotExist(err) {
		t.Errorf("the unused build is still there: %v", err)
	}
	if _, err = os.Stat(got["hello"]); err != nil {
		t.Errorf("the build that was just used is gone: %v", err)
	}
}

func TestOutsideAClone(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, err := CacheDir(); err == nil || !strings.Contains(err.Error(), "clone") {
		t.Errorf("got error %v, want one that says to run inside a clone", err)
	}
}
