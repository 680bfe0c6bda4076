// SPDX-License-Identifier: Apache-2.0

package image

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/moorage-k8s/moorage/release/archive"
)

// WriteTarball writes the images of one program, one for each platform, into one tarball at path, and returns the digest of the index
// of them all: what a registry shows for the reference once the tarball is pushed.
//
// The reference is the full name with a tag, such as ghcr.io/moorage-k8s/moorage:v1.0.0. The tarball is an OCI layout, which
// containerd (ctr images import), podman, skopeo and Docker with containerd's image store read, and pick their platform from. Docker's
// older store reads manifest.json in it, which can hold one platform only: that of the first image.
func WriteTarball(path, reference string, images ...Image) (v1.Hash, error) {
	tag, err := name.NewTag(reference, name.StrictValidation)
	if err != nil {
		return v1.Hash{}, fmt.Errorf("name the image: %w", err)
	}
	if len(images) == 0 {
		return v1.Hash{}, fmt.Errorf("write %s: no image given", reference)
	}
	all, err := index(images)
	if err != nil {
		return v1.Hash{}, err
	}
	digest, err := all.Digest()
	if err != nil {
		return v1.Hash{}, fmt.Errorf("index the images: %w", err)
	}
	files, err := layoutFiles(all, tag)
	if err != nil {
		return v1.Hash{}, fmt.Errorf("lay out %s: %w", reference, err)
	}
	manifest, err := dockerManifest(all, tag)
	if err != nil {
		return v1.Hash{}, fmt.Errorf("write %s for Docker: %w", reference, err)
	}
	var packed bytes.Buffer
	if err = archive.Tar(&packed, images[0].Created, append(files, manifest)...); err != nil {
		return v1.Hash{}, err
	}
	if err = os.WriteFile(path, packed.Bytes(), 0o644); err != nil {
		return v1.Hash{}, fmt.Errorf("write the image's tarball: %w", err)
	}
	return digest, nil
}

// layoutFiles returns the files of the OCI layout that holds the index under the tag's name.
func layoutFiles(all v1.ImageIndex, tag name.Tag) (files []archive.File, err error) {
	scratch, err := os.MkdirTemp("", "moorage-image-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	dir, err := layout.Write(scratch, empty.Index)
	if err != nil {
		return nil, err
	}
	// containerd and podman take the name from the first, everybody else from the second.
	err = dir.AppendIndex(all, layout.WithAnnotations(map[string]string{
		"io.containerd.image.name":          tag.Name(),
		"org.opencontainers.image.ref.name": tag.TagStr(),
	}))
	if err != nil {
		return nil, err
	}
	root := os.DirFS(scratch)
	err = fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, path)
		files = append(files, archive.File{Name: path, Mode: 0o644, Data: data})
		return err
	})
	return files, err
}

// dockerManifest returns the file that names the parts of the first image, which are among the layout's blobs.
func dockerManifest(all v1.ImageIndex, tag name.Tag) (archive.File, error) {
	list, err := all.IndexManifest()
	if err != nil {
		return archive.File{}, err
	}
	first, err := all.Image(list.Manifests[0].Digest)
	if err != nil {
		return archive.File{}, err
	}
	manifest, err := first.Manifest()
	if err != nil {
		return archive.File{}, err
	}
	descriptor := tarball.Descriptor{Config: blob(manifest.Config.Digest), RepoTags: []string{tag.Name()}}
	for _, layer := range manifest.Layers {
		descriptor.Layers = append(descriptor.Layers, blob(layer.Digest))
	}
	data, err := json.Marshal(tarball.Manifest{descriptor})
	return archive.File{Name: "manifest.json", Mode: 0o644, Data: data}, err
}

func blob(digest v1.Hash) string { return "blobs/" + digest.Algorithm + "/" + digest.Hex }
