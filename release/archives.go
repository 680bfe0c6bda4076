// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/moorage-k8s/moorage/release/archive"
	"github.com/moorage-k8s/moorage/release/internal/chart"
	"github.com/moorage-k8s/moorage/release/internal/krew"
)

// noticesName is the file with the licences of others.
const noticesName = "THIRD-PARTY-NOTICES.txt"

// writeArchives writes an archive for each platform: the program, its licences and the README.
func (r *release) writeArchives(programs []built) ([]krew.Archive, error) {
	var documents []archive.File
	for _, name := range []string{"LICENSE", "README.md"} {
		data, err := os.ReadFile(filepath.Join(r.source.Root, name))
		if err != nil {
			return nil, fmt.Errorf("read what goes into every archive: %w", err)
		}
		documents = append(documents, archive.File{Name: name, Mode: 0o644, Data: data})
	}
	archives := make([]krew.Archive, 0, len(programs))
	for _, b := range programs {
		files := append([]archive.File{
			{Name: b.platform.FileName(), Mode: 0o755, Data: b.program},
			{Name: noticesName, Mode: 0o644, Data: b.notices},
		}, documents...)
		pack, extension := archive.TarGz, ".tar.gz"
		if b.platform.OS == "windows" {
			pack, extension = archive.Zip, ".zip"
		}
		var packed bytes.Buffer
		if err := pack(&packed, r.source.Time, files...); err != nil {
			return nil, err
		}
		file, err := r.write(r.platformName(b.platform)+extension, packed.Bytes())
		if err != nil {
			return nil, err
		}
		archives = append(archives, krew.Archive{
			Platform: b.platform, SHA256: file.sha256,
			URL: homepage + "/releases/download/" + r.source.Version + "/" + file.name,
		})
	}
	return archives, nil
}

// writeKrewManifest writes the manifest by which krew finds the archives.
func (r *release) writeKrewManifest(archives []krew.Archive) error {
	manifest, err := krew.Manifest("v"+semanticVersion(r.source.Version), homepage, archives)
	if err != nil {
		return err
	}
	_, err = r.write("krew-moorage.yaml", manifest)
	return err
}

// writeChart writes the chart's archive.
func (r *release) writeChart() error {
	version := semanticVersion(r.source.Version)
	packed, err := chart.Package(filepath.Join(r.source.Root, "charts", "moorage"), version, r.source.Version, r.source.Time)
	if err != nil {
		return err
	}
	_, err = r.write("moorage-"+version+".tgz", packed)
	return err
}
