// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
)

// CacheEnv names the environment variable that moves the cache directory.
const CacheEnv = "MOORAGE_E2E_CACHE"

// unusedLimit is how long a program stays in the cache without being used. A change of version or dependencies leaves some 400 MB behind.
const unusedLimit = 30 * 24 * time.Hour

// modulePath marks the go.mod of the e2e module.
const modulePath = "github.com/moorage-k8s/moorage/e2e"

// tree is the source that this program was started in.
type tree struct {
	root string // the repository
	e2e  string // the e2e module in it
}

// findTree looks for the e2e module from the working directory upwards, so that it serves tests, which run in their package's directory, and
// commands started in the module or in the repository's root.
func findTree() (tree, error) {
	start, err := os.Getwd()
	if err != nil {
		return tree{}, fmt.Errorf("find the e2e module: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		for _, candidate := range []string{dir, filepath.Join(dir, "e2e")} {
			mod, err := os.ReadFile(filepath.Join(candidate, "go.mod"))
			if err == nil && bytes.HasPrefix(mod, []byte("module "+modulePath+"\n")) {
				return tree{root: filepath.Dir(candidate), e2e: candidate}, nil
			}
		}
		if dir == filepath.Dir(dir) {
			return tree{}, fmt.Errorf("find the e2e module: no go.mod of %s in or above %s; run this inside a clone of moorage", modulePath, start)
		}
	}
}

// RepositoryFile returns the path of a file of the repository, given relative to its root with slashes.
func RepositoryFile(name string) (string, error) {
	t, err := findTree()
	if err != nil {
		return "", err
	}
	return filepath.Join(t.root, filepath.FromSlash(name)), nil
}

// CacheDir returns the cache directory: what the environment variable CacheEnv says, or .cache/e2e in the repository.
func CacheDir() (string, error) {
	t, err := findTree()
	if err != nil {
		return "", err
	}
	return Builder{}.cache(t), nil
}

func (b Builder) cache(t tree) string {
	if b.Cache != "" {
		return b.Cache
	}
	if dir := os.Getenv(CacheEnv); dir != "" {
		return dir
	}
	return filepath.Join(t.root, ".cache", "e2e")
}

// toolchainOf describes the compiler that goEnv selects.
func toolchainOf(ctx context.Context, t tree) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "env", "GOVERSION", "GOOS", "GOARCH", "CGO_ENABLED")
	cmd.Dir, cmd.Env = t.e2e, goEnv()
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return "", errors.Join(ErrStopped, ctx.Err())
	}
	if err != nil {
		return "", fmt.Errorf("ask the go command for its version (is it in PATH?): %w", err)
	}
	return string(out), nil
}

// key names the cache directory of one build: readable by its version, and different whenever anything that goes into the program is.
func (b Binary) key(t tree, toolchain string) (string, error) {
	versions, err := pinnedVersions(filepath.Join(t.e2e, b.Module, "go.mod"))
	if err != nil {
		return "", fmt.Errorf("read what pins %s: %w", b.Name, err)
	}
	if b.Static {
		toolchain += " static"
	}
	h := sha256.New()
	for _, part := range []string{b.Name, b.Package, b.ldflags(), toolchain, versions} {
		_, _ = fmt.Fprintf(h, "%d %s", len(part), part) // a hash never fails
	}
	return fmt.Sprintf("%s-%x", b.Version, h.Sum(nil)[:6]), nil
}

// pinnedVersions returns what a go.mod says of the versions that a build uses, without comments and layout: which requirement is direct
// changes often while tests are written, and makes no difference to a program.
func pinnedVersions(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	mod, err := modfile.Parse(path, data, nil)
	if err != nil {
		return "", err
	}
	var lines []string
	if mod.Go != nil {
		lines = append(lines, "go "+mod.Go.Version)
	}
	for _, g := range mod.Godebug {
		lines = append(lines, "godebug "+g.Key+"="+g.Value)
	}
	for _, r := range mod.Require {
		lines = append(lines, "require "+r.Mod.String())
	}
	for _, r := range mod.Replace {
		lines = append(lines, "replace "+r.Old.String()+" "+r.New.String())
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n"), nil
}

// isBuilt reports whether the file is there, and notes that it was used now.
func isBuilt(file string) bool {
	if _, err := os.Stat(file); err != nil {
		return false
	}
	now := time.Now()
	// A cache that cannot be written to serves all the same: it is just not pruned by use.
	_ = os.Chtimes(filepath.Dir(file), now, now)
	return true
}

// prune removes builds that nobody has used for a long time. Each program has a directory of its own there.
func prune(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("look for unused builds: %w", err)
	}
	var errs []error
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || !entry.IsDir() || time.Since(info.ModTime()) < unusedLimit {
			continue
		}
		errs = append(errs, os.RemoveAll(filepath.Join(dir, entry.Name())))
	}
	return errors.Join(errs...)
}
