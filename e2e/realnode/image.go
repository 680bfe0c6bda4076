// SPDX-License-Identifier: Apache-2.0

//go:build linux

package realnode

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/release/archive"
	"github.com/moorage-k8s/moorage/release/image"
)

// pauseReference is what containerd is asked to make sandboxes of.
const pauseReference = "e2e.moorage.dev/pause:v1"

// Image is an image in a tarball that containerd can import.
type Image struct {
	// Reference is the name that pods call it by, such as example.com/some:v1.
	Reference string
	// Tarball is its file.
	Tarball string
}

// PauseImageIn returns the image that holds pods' namespaces, as MakePauseImage has put it into the directory.
func PauseImageIn(dir string) Image {
	return Image{Reference: pauseReference, Tarball: filepath.Join(dir, "pause.tar")}
}

// MakePauseImage makes the image that holds pods' namespaces, in the directory.
func MakePauseImage(ctx context.Context, dir string) error {
	program, err := binaries.Builder{}.Own(ctx, "./realnode/pause")
	if err != nil {
		return err
	}
	return MakeImage(PauseImageIn(dir), program, "/pause")
}

// MakeImage makes an image in which a static program is alone, at the given absolute path.
func MakeImage(made Image, program, path string) error {
	data, err := os.ReadFile(program)
	if err != nil {
		return fmt.Errorf("make image %s: %w", made.Reference, err)
	}
	_, err = image.WriteTarball(made.Tarball, made.Reference, image.Image{
		Platform:   runtime.GOOS + "/" + runtime.GOARCH,
		Files:      []archive.File{{Name: strings.TrimPrefix(path, "/"), Mode: 0o755, Data: data}},
		Entrypoint: []string{path},
		Created:    time.Now(),
	})
	return err
}
