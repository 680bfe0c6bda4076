// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

// A version in the table that is not the one that go.mod builds would make a program lie about itself and its cache go stale.
func TestVersionsAreThoseOfTheModules(t *testing.T) {
	t.Parallel()
	var programs []Binary
	for minor := range kubernetesReleases {
		all, err := ForSuites(minor)
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, all...)
	}
	for _, b := range programs {
		path := filepath.Join("..", b.Module, "go.mod")
		mod, err := readModule(path)
		if err != nil {
			t.Errorf("%s: %v", b.Name, err)
			continue
		}
		required := ""
		for _, r := range mod.Require {
			if b.Package == r.Mod.Path || strings.HasPrefix(b.Package, r.Mod.Path+"/") {
				required = r.Mod.Version
			}
		}
		if required != b.Version {
			t.Errorf("%s: the table says %s, %s requires %q", b.Name, b.Version, path, required)
		}
		for stamp, value := range b.Stamps {
			if strings.HasSuffix(strings.ToLower(stamp), "version") && value != b.Version {
				t.Errorf("%s: stamp %s is %s, want %s", b.Name, stamp, value, b.Version)
			}
		}
	}
}

// Each staging module of Kubernetes belongs to exactly one release of it.
func TestStagingModulesBelongToTheRelease(t *testing.T) {
	t.Parallel()
	modules := map[string]string{Kubectl.Module: Kubectl.Version}
	for _, release := range kubernetesReleases {
		modules[release.module] = release.version
	}
	for module, version := range modules {
		path := filepath.Join("..", module, "go.mod")
		mod, err := readModule(path)
		if err != nil {
			t.Fatal(err)
		}
		want, staging := "v0"+strings.TrimPrefix(version, "v1"), 0
		for _, r := range mod.Replace {
			if !strings.HasPrefix(r.Old.Path, "k8s.io/") {
				continue
			}
			staging++
			if r.New.Path != r.Old.Path || r.New.Version != want {
				t.Errorf("kubernetes %s: %s is replaced by %s %s, want itself at %s", version, r.Old.Path, r.New.Path, r.New.Version, want)
			}
		}
		if staging < 30 {
			t.Errorf("kubernetes %s: only %d staging modules are replaced in %s", version, staging, path)
		}
	}
}

// kwok, which stands in for kubelets and is not under test, has the versions of the control plane's dependencies: what both are made of is compiled once.
func TestKwokIsCompiledOfWhatTheControlPlaneIs(t *testing.T) {
	t.Parallel()
	read := func(path string) (versions map[string]string) {
		mod, err := readModule(path)
		if err != nil {
			t.Fatal(err)
		}
		versions = make(map[string]string)
		for _, r := range mod.Require {
			versions[r.Mod.Path] = r.Mod.Version
		}
		for _, r := range mod.Replace {
			versions[r.Old.Path] = r.New.Version
		}
		return versions
	}
	ours := read(filepath.Join("..", "go.mod"))
	shared := 0
	for module, version := range read(filepath.Join("..", Kwok.Module, "go.mod")) {
		want, both := ours[module]
		if both {
			shared++
		}
		if both && version != want {
			t.Errorf("kwok is compiled with %s %s, want %s as in e2e/go.mod", module, version, want)
		}
	}
	if shared < 50 {
		t.Errorf("kwok and the control plane share %d modules: that cannot be", shared)
	}
}

func TestUnknownMinorNamesTheKnownOnes(t *testing.T) {
	t.Parallel()
	_, err := ForControlPlane("1.2")
	if err == nil || !strings.Contains(err.Error(), DefaultKubernetes) {
		t.Errorf("got error %v, want one that names %s", err, DefaultKubernetes)
	}
}

func readModule(path string) (*modfile.File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return modfile.Parse(path, data, nil)
}
