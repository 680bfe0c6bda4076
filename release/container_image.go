// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/moorage-k8s/moorage/release/archive"
	"github.com/moorage-k8s/moorage/release/image"
)

// The image's repository, and the name of its tarball.
const (
	imageRepository = "ghcr.io/moorage-k8s/moorage"
	imageTarball    = "moorage-image.tar"
)

// reference is the image's full name.
func (r *release) reference() string { return imageRepository + ":" + r.source.Version }

// writeImage writes the image's tarball from the programs for Linux.
//
// There are no CA certificates in it. In a cluster moorage talks to the API server and to nothing else, and trusts what the service
// account brings along; a bundle would only grow old. A user who runs the image with a kubeconfig that names no CA, for an API server with a
// public certificate, mounts a bundle and sets SSL_CERT_FILE.
func (r *release) writeImage(programs []built) error {
	licence, err := os.ReadFile(filepath.Join(r.source.Root, "LICENSE"))
	if err != nil {
		return fmt.Errorf("read the licence: %w", err)
	}
	labels := map[string]string{
		"org.opencontainers.image.title":       "moorage",
		"org.opencontainers.image.description": "Volume-aware placement and admission for Kubernetes",
		"org.opencontainers.image.source":      homepage,
		"org.opencontainers.image.licenses":    "Apache-2.0",
		"org.opencontainers.image.version":     r.source.Version,
		"org.opencontainers.image.revision":    r.source.Commit,
		"org.opencontainers.image.created":     r.source.Time.Format(time.RFC3339),
	}
	var images []image.Image
	for _, b := range programs {
		if b.platform.OS != "linux" {
			continue
		}
		images = append(images, image.Image{
			Platform: b.platform.String(),
			Files: []archive.File{
				{Name: "moorage", Mode: 0o755, Data: b.program},
				{Name: "licenses/LICENSE", Mode: 0o644, Data: licence},
				{Name: "licenses/" + noticesName, Mode: 0o644, Data: b.notices},
			},
			Entrypoint: []string{"/moorage"},
			Labels:     labels,
			Created:    r.source.Time,
		})
	}
	path := filepath.Join(r.dir, imageTarball)
	digest, err := image.WriteTarball(path, r.reference(), images...)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the image's tarball: %w", err)
	}
	r.note(imageTarball, data)
	r.imageDigest = digest.String()
	return nil
}
