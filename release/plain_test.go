// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moorage-k8s/moorage/release/internal/program"
)

// The manifests of a release have its version wherever the repository's have another, and the schema is one.
func TestPlainManifestsHaveTheVersion(t *testing.T) {
	r := release{source: program.Source{Root: "..", Version: "v9.8.7"}, dir: t.TempDir()}
	if err := r.writePlainManifests(); err != nil {
		t.Fatal(err)
	}
	for _, name := range plainManifests {
		text := string(read(t, filepath.Join(r.dir, name)))
		if !strings.Contains(text, "image: ghcr.io/moorage-k8s/moorage:v9.8.7\n") || strings.Contains(text, "v0.1.0") {
			t.Errorf("%s is not of v9.8.7", name)
		}
	}
	if err := r.writeSchema(); err != nil {
		t.Fatal(err)
	}
	var schema struct{ Title string }
	if err := json.Unmarshal(read(t, filepath.Join(r.dir, "moorage-configuration.schema.json")), &schema); err != nil || schema.Title != "MoorageConfiguration" {
		t.Errorf("the schema is of %q: %v", schema.Title, err)
	}
	if len(r.files) != 3 {
		t.Errorf("%d files are in the release's list", len(r.files))
	}
}
