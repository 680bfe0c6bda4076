// SPDX-License-Identifier: Apache-2.0

// Command release makes what a release of moorage consists of, from one commit, without a container engine:
//
//	release image   the container image, as a tarball, and its bills of materials
//	release all     that, and for each platform an archive of the program; the chart, the krew manifest and the checksums
//
// The same commit and the same Go release give the same files, no matter who makes them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/moorage-k8s/moorage/release/internal/program"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	flags.SetOutput(stderr)
	root := flags.String("root", "..", "the repository's directory")
	out := flags.String("out", filepath.Join("..", "dist"), "the directory to write to")
	version := flags.String("version", "", "what the build calls itself: the release's tag, or what git describe says")
	commit := flags.String("commit", "", "the full hash of the commit")
	date := flags.String("date", "", "when the commit was made, such as 2026-11-01T12:00:00Z")
	platforms := flags.String("platforms", "linux/amd64,linux/arm64", "operating systems and architectures, separated by commas")
	flags.Usage = func() {
		_, _ = fmt.Fprintf(stderr, "usage: release [flags] image|all\n\n")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	what := flags.Arg(0)
	if what != "image" && what != "all" {
		flags.Usage()
		return fmt.Errorf("want image or all, got %q", what)
	}
	if *version == "" {
		return errors.New("no -version given; use make, which asks git")
	}
	made, err := time.Parse(time.RFC3339, *date)
	if err != nil {
		return fmt.Errorf("read -date: %w; use make, which asks git", err)
	}
	targets, err := program.ParsePlatforms(*platforms)
	if err != nil {
		return err
	}
	r := &release{
		source:   program.Source{Root: *root, Version: *version, Commit: *commit, Time: made.UTC()},
		dir:      *out,
		progress: stderr,
	}
	if err = r.make(ctx, what, targets); err != nil {
		return err
	}
	return r.report(stdout)
}
