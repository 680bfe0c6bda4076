// SPDX-License-Identifier: Apache-2.0

// Package krew writes the manifest by which kubectl's plugin manager installs moorage as `kubectl moorage`.
package krew

import (
	"fmt"

	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/release/internal/program"
)

// Archive is a released archive of the program for one platform.
type Archive struct {
	Platform program.Platform
	// URL is where it can be had.
	URL string
	// SHA256 is its checksum in hexadecimal.
	SHA256 string
}

// manifest is a Plugin of krew.googlecontainertools.github.com/v1alpha2, as far as it is used here.
type manifest struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Metadata   metadata `json:"metadata"`
	Spec       spec     `json:"spec"`
}

type metadata struct {
	Name string `json:"name"`
}

type spec struct {
	Version          string     `json:"version"`
	Homepage         string     `json:"homepage"`
	ShortDescription string     `json:"shortDescription"`
	Description      string     `json:"description"`
	Platforms        []platform `json:"platforms"`
}

type platform struct {
	Selector selector `json:"selector"`
	URI      string   `json:"uri"`
	SHA256   string   `json:"sha256"`
	Files    []file   `json:"files"`
	Bin      string   `json:"bin"`
}

type selector struct {
	MatchLabels map[string]string `json:"matchLabels"`
}

type file struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Manifest returns the manifest in YAML. The version is a semantic one with the leading v.
func Manifest(version, homepage string, archives []Archive) ([]byte, error) {
	m := manifest{
		APIVersion: "krew.googlecontainertools.github.com/v1alpha2", Kind: "Plugin", Metadata: metadata{Name: "moorage"},
		Spec: spec{
			Version: version, Homepage: homepage,
			ShortDescription: "Explain where pods with volumes can land",
			Description: "Says why a pod with volumes would land on one node and not on another, and the smallest change that\n" +
				"helps; checks manifests for volume specs that cannot work; places whole workloads on a view of the\n" +
				"cluster. Nothing has to be installed in the cluster.\n",
		},
	}
	for _, a := range archives {
		// krew links kubectl-moorage to the program, which goes by the name it is called by.
		m.Spec.Platforms = append(m.Spec.Platforms, platform{
			Selector: selector{MatchLabels: map[string]string{"os": a.Platform.OS, "arch": a.Platform.Arch}},
			URI:      a.URL, SHA256: a.SHA256, Bin: a.Platform.FileName(),
			Files: []file{{From: a.Platform.FileName(), To: "."}, {From: "LICENSE", To: "."}, {From: "THIRD-PARTY-NOTICES.txt", To: "."}},
		})
	}
	out, err := yaml.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("write the krew manifest: %w", err)
	}
	return out, nil
}
