// SPDX-License-Identifier: Apache-2.0

// Package program compiles moorage for the platforms that it is released for.
//
// The result depends on the source, the Go release and the stamps only: not on the directory, the machine or the caller's environment.
package program

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Package is the import path of moorage's command, relative to the repository's root.
const Package = "./cmd/moorage"

// stamped is the package whose variables tell the program what it is.
const stamped = "github.com/moorage-k8s/moorage/internal/version"

// Platform is an operating system and an architecture, by Go's names for them.
type Platform struct{ OS, Arch string }

// ParsePlatforms reads a list such as "linux/amd64,darwin/arm64".
func ParsePlatforms(list string) ([]Platform, error) {
	var all []Platform
	for text := range strings.SplitSeq(list, ",") {
		os, arch, ok := strings.Cut(text, "/")
		if !ok || os == "" || arch == "" || strings.Contains(arch, "/") {
			return nil, fmt.Errorf("platform %q: want an operating system and an architecture, such as linux/amd64", text)
		}
		all = append(all, Platform{OS: os, Arch: arch})
	}
	return all, nil
}

func (p Platform) String() string { return p.OS + "/" + p.Arch }

// FileName returns the program's file name on the platform.
func (p Platform) FileName() string {
	if p.OS == "windows" {
		return "moorage.exe"
	}
	return "moorage"
}

// Source is what moorage is compiled from, and what is stamped into it.
type Source struct {
	// Root is the repository's directory.
	Root string
	// Version is what the build calls itself: the tag of a release, or what git describe says.
	Version string
	// Commit is the full hash of the commit.
	Commit string
	// Time is when the commit was made: the time of all that is made from it.
	Time time.Time
}

// Compile writes the program for the platform to the file out.
func (s Source) Compile(ctx context.Context, platform Platform, out string) error {
	flags := []string{
		"-s", "-w",
		"-X", stamped + ".version=" + s.Version, "-X", stamped + ".commit=" + s.Commit,
		"-X", stamped + ".date=" + s.Time.UTC().Format(time.RFC3339),
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", strings.Join(flags, " "), "-o", out, Package)
	cmd.Dir, cmd.Env = s.Root, Environment(platform)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compile moorage for %s: %w\n%s", platform, err, bytes.TrimSpace(output))
	}
	return nil
}

// Environment is the environment in which the go command works for the platform: the caller's, without what would make the result
// differ from that of another caller.
func Environment(platform Platform) []string {
	return append(os.Environ(), "GOOS="+platform.OS, "GOARCH="+platform.Arch, "CGO_ENABLED=0",
		"GOWORK=off", "GOFLAGS=-mod=readonly -buildvcs=false", "GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT=", "GODEBUG=")
}
