// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// Builder builds programs. The zero value builds into the default cache directory and says nothing.
type Builder struct {
	// Cache is the cache directory; empty means what CacheDir returns.
	Cache string
	// Progress gets a line when a build starts and one when it ends; on a terminal also a running count of seconds. Nil means no
	// progress. It is written to from one goroutine at a time.
	Progress io.Writer

	// number of total is which of the programs to be built comes next, where it is one of several.
	number, total int
}

// ErrStopped is what a build returns that was stopped. What was built until then is kept.
var ErrStopped = errors.New("stopped while building; what is built is kept")

// Build returns the file of each of the programs, by name, after having built those that the cache lacks.
func (b Builder) Build(ctx context.Context, programs ...Binary) (map[string]string, error) {
	tree, err := findTree()
	if err != nil {
		return nil, err
	}
	cache := b.cache(tree)
	toolchain, err := toolchainOf(ctx, tree)
	if err != nil {
		return nil, err
	}
	files := make(map[string]string, len(programs))
	var missing []Binary
	for _, program := range programs {
		key, err := program.key(tree, toolchain)
		if err != nil {
			return nil, err
		}
		file := filepath.Join(cache, "bin", key, program.Name)
		if files[program.Name] = file; !isBuilt(file) {
			missing = append(missing, program)
		}
	}
	b.total = len(missing)
	for i, program := range missing {
		b.number = i + 1
		if err := b.buildOnce(ctx, tree, cache, files[program.Name], program); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// Moorage builds moorage from the tree that this module is part of, each time: Go's own cache knows best what has changed. The file
// that it returns may be replaced by a later call, which does not disturb a process that runs it.
func (b Builder) Moorage(ctx context.Context) (string, error) {
	tree, err := findTree()
	if err != nil {
		return "", err
	}
	return b.buildOwn(ctx, tree, tree.root, Binary{Name: "moorage", Package: "./cmd/moorage"})
}

// QuickMoorage is Moorage with the versions of dependencies that this module has, which those of the control plane are compiled with
// already: of the same sources, but not quite the program that is released.
func (b Builder) QuickMoorage(ctx context.Context) (string, error) {
	tree, err := findTree()
	if err != nil {
		return "", err
	}
	return b.buildOwn(ctx, tree, tree.e2e, Binary{Name: "moorage-quick", Package: "github.com/moorage-k8s/moorage/cmd/moorage"})
}

// Own builds a static program of this module, such as ./realnode/pause, and returns its file, each time as Moorage does. The file has
// the name of the package's directory.
func (b Builder) Own(ctx context.Context, pkg string) (string, error) {
	tree, err := findTree()
	if err != nil {
		return "", err
	}
	return b.buildOwn(ctx, tree, tree.e2e, Binary{Name: path.Base(pkg), Package: pkg, Static: true})
}

func (b Builder) buildOwn(ctx context.Context, tree tree, module string, program Binary) (string, error) {
	cache := b.cache(tree)
	file := filepath.Join(cache, "bin", program.Name)
	unlock, err := b.lock(ctx, cache)
	if err != nil {
		return "", err
	}
	defer unlock()
	if err := b.compile(ctx, module, cache, file, program); err != nil {
		return "", err
	}
	return file, nil
}

// buildOnce builds the program unless its file is there, also if another process builds it at this moment.
func (b Builder) buildOnce(ctx context.Context, tree tree, cache, file string, program Binary) error {
	if isBuilt(file) {
		return nil
	}
	unlock, err := b.lock(ctx, cache)
	if err != nil {
		return err
	}
	defer unlock()
	if isBuilt(file) {
		return nil
	}
	if err := b.compile(ctx, filepath.Join(tree.e2e, program.Module), cache, file, program); err != nil {
		return err
	}
	return prune(filepath.Join(cache, "bin"))
}

// compile runs go build in the module's directory and moves the result to the file in one step: a reader who sees the file sees all of it.
func (b Builder) compile(ctx context.Context, module, cache, file string, program Binary) (err error) {
	scratch, err := os.MkdirTemp(cache, "build-")
	if err != nil {
		return fmt.Errorf("make a directory to build %s in: %w", program.Name, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()

	// Plain settings on purpose: the suites' own compilation then shares Go's cache with these builds.
	built := filepath.Join(scratch, program.Name)
	// The go command links nothing again if what is there is up to date. It never writes into a file that is there.
	if err = os.Link(file, built); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("begin with the %s that is there: %w", program.Name, err)
	}
	flags := program.ldflags()
	if program.Static {
		cgo, cgoErr := usesCgo(ctx, module)
		if cgoErr != nil {
			return cgoErr
		}
		if cgo {
			flags += " -linkmode=external -extldflags=-static"
		}
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-ldflags", flags, "-o", built, program.Package)
	cmd.Dir = module
	cmd.Env = goEnv()
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output

	done := b.announce(program)
	started := time.Now()
	err = cmd.Run()
	if ctx.Err() != nil {
		err = errors.Join(ErrStopped, ctx.Err())
	}
	done(time.Since(started), err)
	if ctx.Err() != nil {
		return err
	}
	if err != nil {
		return fmt.Errorf("build %s %s in %s: %w\n%s", program.Name, program.Version, module, err, bytes.TrimSpace(output.Bytes()))
	}
	if err = os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("make the cache directory of %s: %w", program.Name, err)
	}
	if err = os.Rename(built, file); err != nil {
		return fmt.Errorf("put %s into the cache: %w", program.Name, err)
	}
	return nil
}

// usesCgo reports whether the go command compiles with cgo, as it does where there is a C compiler.
func usesCgo(ctx context.Context, module string) (bool, error) {
	cmd := exec.CommandContext(ctx, "go", "env", "CGO_ENABLED")
	cmd.Dir, cmd.Env = module, goEnv()
	out, err := cmd.Output()
	if err != nil {
		return false, fmt.Errorf("ask the go command whether it uses cgo: %w", err)
	}
	return strings.TrimSpace(string(out)) == "1", nil
}

// goEnv is the environment for the go command: the caller's, without what would make the result differ from that of another caller.
func goEnv() []string {
	return append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly -buildvcs=false", "GOOS=", "GOARCH=")
}
