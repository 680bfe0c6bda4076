// SPDX-License-Identifier: Apache-2.0

// Package image makes container images from static programs, on an empty base and without a container engine, and writes them to a
// tarball that engines load.
//
// An image depends on nothing but what it is made of: the same Image gives the same digest, no matter who makes it, when and where.
package image

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/moorage-k8s/moorage/release/archive"
)

// NonRoot is the user and the group that an image runs as unless it says otherwise. It is numeric because a kubelet cannot prove
// that a named user is not root (runAsNonRoot), and because an empty base has no /etc/passwd.
const NonRoot = "65532:65532"

// Image says what an image holds and how it starts.
type Image struct {
	// Platform is what the image runs on, such as "linux/amd64".
	Platform string
	// Files are all that is in it. Directories are made, and belong to root as the files do.
	Files []archive.File
	// Entrypoint is the program, by its path in the image, and its first arguments.
	Entrypoint []string
	// User is "UID:GID"; empty means NonRoot.
	User string
	// Labels are in the configuration, where container engines show them, and are the manifest's annotations, where registries do.
	Labels map[string]string
	// Created is the time of the image and of every file in it.
	Created time.Time
}

// build returns the image with one layer, in the formats of OCI.
func (i Image) build() (v1.Image, error) {
	platform, err := v1.ParsePlatform(i.Platform)
	if err != nil || platform.OS == "" || platform.Architecture == "" {
		return nil, fmt.Errorf("make an image for %q: want a platform such as linux/amd64", i.Platform)
	}
	var layer bytes.Buffer
	if err = archive.Tar(&layer, i.Created, i.Files...); err != nil {
		return nil, fmt.Errorf("make the image's layer: %w", err)
	}
	files, err := tarball.LayerFromOpener(
		func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(layer.Bytes())), nil },
		tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
	if err != nil {
		return nil, fmt.Errorf("make the image's layer: %w", err)
	}

	created := v1.Time{Time: i.Created.UTC().Truncate(time.Second)}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err = mutate.Append(img, mutate.Addendum{
		Layer: files, History: v1.History{Created: created, CreatedBy: strings.Join(i.Entrypoint, " ")},
	})
	if err != nil {
		return nil, fmt.Errorf("put the layer into the image: %w", err)
	}
	old, err := img.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("read the image's configuration: %w", err)
	}
	config := old.DeepCopy()
	config.OS, config.Architecture, config.Variant, config.Created = platform.OS, platform.Architecture, platform.Variant, created
	config.Config = v1.Config{Entrypoint: i.Entrypoint, User: i.User, Labels: i.Labels, WorkingDir: "/"}
	if config.Config.User == "" {
		config.Config.User = NonRoot
	}
	if img, err = mutate.ConfigFile(img, config); err != nil {
		return nil, fmt.Errorf("configure the image: %w", err)
	}
	annotated, ok := mutate.Annotations(img, i.Labels).(v1.Image)
	if !ok {
		return nil, fmt.Errorf("annotate the image for %s: the library returned something else", i.Platform)
	}
	return annotated, nil
}

// index returns the index of the images of one program for several platforms, in the order given.
func index(images []Image) (v1.ImageIndex, error) {
	all := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, i := range images {
		img, err := i.build()
		if err != nil {
			return nil, err
		}
		platform, err := v1.ParsePlatform(i.Platform)
		if err != nil {
			return nil, fmt.Errorf("list the image for %q: %w", i.Platform, err)
		}
		all = mutate.AppendManifests(all, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: platform}})
	}
	return all, nil
}
