// SPDX-License-Identifier: Apache-2.0

// Package chart renders and installs the Helm chart with Helm's own library, as the command helm does.
package chart

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/common"
	chartv2 "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	releasev1 "helm.sh/helm/v4/pkg/release/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/moorage-k8s/moorage/e2e/binaries"
)

const (
	// Directory is where the chart is, relative to the root of the repository.
	Directory = "charts/moorage"
	// DefaultRelease is the name of the release and of its namespace where Options say nothing else.
	DefaultRelease = "moorage"
	// defaultVersion is what the cluster's version is taken for where nobody says.
	defaultVersion = "v1.37.1"
)

// Options say what release of the chart is meant. The zero value is the one that the documentation installs.
type Options struct {
	// Release and Namespace are DefaultRelease if empty.
	Release, Namespace string
	// Values are those that a user gives.
	Values map[string]any
	// KubeVersion is the cluster's version, such as v1.33.4+k3s1, where there is no cluster to ask.
	KubeVersion string
}

func (o Options) release() string   { return cmp.Or(o.Release, DefaultRelease) }
func (o Options) namespace() string { return cmp.Or(o.Namespace, DefaultRelease) }

// Rendered is what the chart becomes with some values.
type Rendered struct {
	// Manifest holds the objects that are installed, and Hooks those that Helm makes for a moment, both as YAML documents.
	Manifest, Hooks string
	// Notes is what a user reads.
	Notes string
}

// Values reads values.yaml's form.
func Values(text []byte) (map[string]any, error) {
	values, err := loader.LoadValues(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("read values: %w", err)
	}
	return values, nil
}

// Render renders the chart without a cluster, as `helm template` does. The error is Helm's own, as a user sees it.
func Render(o Options) (*Rendered, error) {
	chart, err := load()
	if err != nil {
		return nil, err
	}
	version, err := common.ParseKubeVersion(cmp.Or(o.KubeVersion, defaultVersion))
	if err != nil {
		return nil, fmt.Errorf("render the chart: version %q: %w", o.KubeVersion, err)
	}
	install := action.NewInstall(quiet())
	install.DryRunStrategy = action.DryRunClient
	install.ReleaseName, install.Namespace, install.KubeVersion = o.release(), o.namespace(), version
	releaser, err := install.Run(chart, o.Values)
	if err != nil {
		return nil, fmt.Errorf("render the chart: %w", err)
	}
	release, ok := releaser.(*releasev1.Release)
	if !ok {
		return nil, fmt.Errorf("render the chart: Helm returned a %T", releaser)
	}
	var hooks strings.Builder
	for _, h := range release.Hooks {
		fmt.Fprintf(&hooks, "---\n# Source: %s\n%s\n", h.Path, strings.TrimSpace(h.Manifest))
	}
	return &Rendered{Manifest: release.Manifest, Hooks: hooks.String(), Notes: release.Info.Notes}, nil
}

// Objects returns all objects, those of hooks last.
func (r *Rendered) Objects() ([]*unstructured.Unstructured, error) {
	var out []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(r.Manifest+"\n"+r.Hooks), 4096)
	for {
		object := map[string]any{}
		switch err := decoder.Decode(&object); {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, fmt.Errorf("read what the chart renders: %w", err)
		case len(object) > 0:
			out = append(out, &unstructured.Unstructured{Object: object})
		}
	}
}

// load reads the chart of the tree that this module is part of.
func load() (*chartv2.Chart, error) {
	directory, err := binaries.RepositoryFile(Directory)
	if err != nil {
		return nil, err
	}
	chart, err := loader.LoadDir(directory)
	if err != nil {
		return nil, fmt.Errorf("load the chart: %w", err)
	}
	return chart, nil
}

// quiet is a configuration of Helm's actions that logs nothing: what matters is in the errors.
func quiet() *action.Configuration {
	return action.NewConfiguration(action.ConfigurationSetLogger(slog.DiscardHandler))
}
