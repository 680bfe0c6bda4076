// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// plainManifests are what is installed without Helm; the chart's tests hold them against the chart.
var plainManifests = []string{"moorage.yaml", "moorage-existing.yaml"}

// writePlainManifests writes the manifests with the versions of this release, as the chart's archive has them.
func (r *release) writePlainManifests() error {
	stated, err := os.ReadFile(filepath.Join(r.source.Root, "charts", "moorage", "Chart.yaml"))
	if err != nil {
		return fmt.Errorf("read which version the manifests are of: %w", err)
	}
	inTree := regexp.MustCompile(`(?m)^appVersion: (v\S+)$`).FindSubmatch(stated)
	if inTree == nil {
		return errors.New("stamp the manifests: the Chart.yaml has no appVersion")
	}
	for _, name := range plainManifests {
		text, err := os.ReadFile(filepath.Join(r.source.Root, "charts", "plain", name))
		if err != nil {
			return fmt.Errorf("read a manifest: %w", err)
		}
		image := []byte("ghcr.io/moorage-k8s/moorage:")
		if !bytes.Contains(text, append(image, inTree[1]...)) {
			return fmt.Errorf("stamp %s: it has no image of %s", name, inTree[1])
		}
		for _, before := range []string{"ghcr.io/moorage-k8s/moorage:", "app.kubernetes.io/version: ", `app.kubernetes.io/version: "`} {
			text = bytes.ReplaceAll(text, append([]byte(before), inTree[1]...), []byte(before+r.source.Version))
		}
		if _, err := r.write(name, text); err != nil {
			return err
		}
	}
	return nil
}

// writeSchema writes the JSON schema of the configuration, for editors.
func (r *release) writeSchema() error {
	schema, err := os.ReadFile(filepath.Join(r.source.Root, "internal", "config", "schema.json"))
	if err != nil {
		return fmt.Errorf("read the schema of the configuration: %w", err)
	}
	_, err = r.write("moorage-configuration.schema.json", schema)
	return err
}
