// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/moorage-k8s/moorage/release/internal/notices"
	"github.com/moorage-k8s/moorage/release/internal/program"
	"github.com/moorage-k8s/moorage/release/internal/sbom"
)

// homepage is where the source and the releases are.
const homepage = "https://github.com/moorage-k8s/moorage"

// release is one release in the making.
type release struct {
	source   program.Source
	dir      string
	progress io.Writer

	files []made
	// imageDigest is the digest of the image's index.
	imageDigest string
}

// made is a file of the release.
type made struct {
	name   string
	size   int
	sha256 string
}

// built is the program for one platform, and what has to go with it.
type built struct {
	platform program.Platform
	program  []byte
	notices  []byte
}

// make makes the image, or all.
func (r *release) make(ctx context.Context, what string, platforms []program.Platform) error {
	if err := os.MkdirAll(r.dir, 0o755); err != nil {
		return fmt.Errorf("make the directory of the release: %w", err)
	}
	programs := make([]built, 0, len(platforms))
	for _, platform := range platforms {
		b, err := r.build(ctx, platform)
		if err != nil {
			return err
		}
		programs = append(programs, b)
	}
	if err := r.writeImage(programs); err != nil {
		return err
	}
	if what == "image" {
		return nil
	}
	archives, err := r.writeArchives(programs)
	if err != nil {
		return err
	}
	if err = r.writeChart(); err != nil {
		return err
	}
	if err = r.writePlainManifests(); err != nil {
		return err
	}
	if err = r.writeSchema(); err != nil {
		return err
	}
	if err = r.writeKrewManifest(archives); err != nil {
		return err
	}
	return r.writeChecksums()
}

// build compiles the program for one platform and writes its bill of materials.
func (r *release) build(ctx context.Context, platform program.Platform) (b built, err error) {
	started := time.Now()
	scratch, err := os.MkdirTemp("", "moorage-release-")
	if err != nil {
		return built{}, fmt.Errorf("make a directory to compile into: %w", err)
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	file := filepath.Join(scratch, platform.FileName())
	if err = r.source.Compile(ctx, platform, file); err != nil {
		return built{}, err
	}
	bill, err := sbom.Of(file, r.source, platform)
	if err != nil {
		return built{}, err
	}
	if _, err = r.write(r.platformName(platform)+".cdx.json", bill); err != nil {
		return built{}, err
	}
	b.platform = platform
	if b.program, err = os.ReadFile(file); err != nil {
		return built{}, fmt.Errorf("read the compiled program: %w", err)
	}
	if b.notices, err = notices.Collect(ctx, r.source.Root, platform); err != nil {
		return built{}, err
	}
	_, _ = fmt.Fprintf(r.progress, "compiled moorage %s for %s in %.0f s\n", r.source.Version, platform, time.Since(started).Seconds())
	return b, nil
}

// platformName is what files for one platform are called, without their extension.
func (r *release) platformName(platform program.Platform) string {
	return fmt.Sprintf("moorage_%s_%s_%s", r.source.Version, platform.OS, platform.Arch)
}

// write writes a file of the release.
func (r *release) write(name string, data []byte) (made, error) {
	if err := os.WriteFile(filepath.Join(r.dir, name), data, 0o644); err != nil {
		return made{}, fmt.Errorf("write a file of the release: %w", err)
	}
	return r.note(name, data), nil
}

// note takes a file that has been written into the release's list.
func (r *release) note(name string, data []byte) made {
	sum := sha256.Sum256(data)
	m := made{name: name, size: len(data), sha256: hex.EncodeToString(sum[:])}
	r.files = append(r.files, m)
	return m
}

// writeChecksums writes the checksums of all files so far, as sha256sum --check reads them.
func (r *release) writeChecksums() error {
	var sums strings.Builder
	for _, f := range r.files {
		fmt.Fprintf(&sums, "%s  %s\n", f.sha256, f.name)
	}
	_, err := r.write("SHA256SUMS", []byte(sums.String()))
	return err
}

// report tells what was made.
func (r *release) report(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, f := range r.files {
		_, _ = fmt.Fprintf(table, "%d KiB\t  %s\n", (f.size+1023)/1024, filepath.Join(r.dir, f.name))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%s is %s\n", r.reference(), r.imageDigest)
	return err
}
