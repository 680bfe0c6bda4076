// SPDX-License-Identifier: Apache-2.0

// Package sbom lists what a Go program is made of, in CycloneDX, from what the Go linker wrote into the program itself.
package sbom

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/uuid"

	"github.com/moorage-k8s/moorage/release/internal/program"
)

// Of returns the bill of materials, in JSON, of the program in the file, which was compiled from the source for the platform. Its
// serial number comes from the program's own hash, so that the same program has the same bill.
func Of(file string, source program.Source, platform program.Platform) ([]byte, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the program: %w", err)
	}
	info, err := buildinfo.Read(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("read what %s is made of: %w", file, err)
	}
	sum := sha256.Sum256(data)
	bom := cdx.NewBOM()
	bom.SerialNumber = "urn:uuid:" + uuid.NewSHA1(uuid.NameSpaceOID, sum[:]).String()
	main := component(cdx.ComponentTypeApplication, info.Main.Path, source.Version)
	main.Name = "moorage"
	main.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum[:])}}
	main.Licenses = &cdx.Licenses{{License: &cdx.License{ID: "Apache-2.0"}}}
	main.Properties = &[]cdx.Property{{Name: "platform", Value: platform.String()}, {Name: "commit", Value: source.Commit}}
	bom.Metadata = &cdx.Metadata{Timestamp: source.Time.UTC().Format(time.RFC3339), Component: &main}

	// Scanners look for faults of Go's own library under the name std.
	parts := []cdx.Component{component(cdx.ComponentTypeLibrary, "std", strings.TrimPrefix(info.GoVersion, "go"))}
	for _, module := range info.Deps {
		part, err := moduleComponent(module)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	bom.Components = &parts
	refs := make([]string, len(parts))
	for i := range parts {
		refs[i] = parts[i].BOMRef
	}
	bom.Dependencies = &[]cdx.Dependency{{Ref: main.BOMRef, Dependencies: &refs}}

	var out bytes.Buffer
	encoder := cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false)
	if err := encoder.EncodeVersion(bom, cdx.SpecVersion1_6); err != nil {
		return nil, fmt.Errorf("write the bill of materials: %w", err)
	}
	return out.Bytes(), nil
}

func component(kind cdx.ComponentType, path, version string) cdx.Component {
	// A + would be read as a space: https://github.com/package-url/purl-spec.
	url := "pkg:golang/" + path + "@" + strings.ReplaceAll(version, "+", "%2B")
	return cdx.Component{BOMRef: url, Type: kind, Name: path, Version: version, PackageURL: url}
}

// moduleComponent describes a module; where it is replaced, what it is replaced by, since that is what was linked.
func moduleComponent(module *debug.Module) (cdx.Component, error) {
	if module.Replace != nil {
		module = module.Replace
	}
	part := component(cdx.ComponentTypeLibrary, module.Path, module.Version)
	// A module's sum in go.sum is a SHA-256 over the names and hashes of its files.
	if sum, ok := strings.CutPrefix(module.Sum, "h1:"); ok {
		raw, err := base64.StdEncoding.DecodeString(sum)
		if err != nil {
			return cdx.Component{}, fmt.Errorf("read the sum of %s: %w", module.Path, err)
		}
		part.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(raw)}}
	}
	return part, nil
}
