// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/moorage-k8s/moorage/e2e/chart"
)

// plainDirectory has what is installed without Helm, as text that is in the repository and in each release.
const plainDirectory = "../../charts/plain"

// plainFiles are the manifests there, and the values that make them.
var plainFiles = map[string]struct{ values, about string }{
	"moorage.yaml": {"", `# moorage with a kube-scheduler of its own, for any cluster. Namespaces opt in by the label moorage.dev/scheduler: enabled.
# Set the tag of registry.k8s.io/kube-scheduler to your cluster's version before you apply it: kubectl version.`},
	"moorage-existing.yaml": {"scheduler: {mode: existing}", `# moorage for a cluster whose own kube-scheduler you configure to call it on the loopback of the control plane:
# docs/kube-scheduler-configuration.yaml. A namespace that enforces the Pod Security Standard baseline does not take it.`},
}

// helmsOwn matches the labels by which Helm knows what is its own.
var helmsOwn = regexp.MustCompile(`(?m)^ *(app\.kubernetes\.io/managed-by|helm\.sh/chart): .*\n`)

// plainManifest is the chart without what only Helm understands, hooks above all, and with the namespace that Helm would make.
func plainManifest(t *testing.T, name string) string {
	t.Helper()
	values, err := chart.Values([]byte(plainFiles[name].values))
	if err != nil {
		t.Fatal(err)
	}
	rendered := (&combination{options: chart.Options{Values: values}}).render(t)
	manifest := helmsOwn.ReplaceAllString(rendered.Manifest, "")
	return plainFiles[name].about + `
# Made from charts/moorage by go test ./chart -run TestPlainManifests -update in e2e.
apiVersion: v1
kind: Namespace
metadata:
  name: moorage
` + strings.TrimSpace(manifest) + "\n"
}

// The manifests for who does without Helm are what the chart renders. `go test ./chart -run TestPlainManifests -update` writes them.
func TestPlainManifests(t *testing.T) {
	for name := range plainFiles {
		want, path := plainManifest(t, name), filepath.Join(plainDirectory, name)
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil { //nolint:gosec // It is public.
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s is not what the chart renders (-chart +file); go test ./chart -run TestPlainManifests -update\n%s", name, diff)
		}
		if strings.Contains(want, "helm.sh/") || strings.Contains(want, "unhook") || strings.Contains(want, "managed-by") {
			t.Errorf("%s has something of Helm's", name)
		}
	}
}

// The API server accepts each object of the manifests, without a field that it does not know and without a warning.
func TestTheAPIServerAcceptsPlainManifests(t *testing.T) {
	c := control(t)
	api, err := newObjects(c)
	if err != nil {
		t.Fatal(err)
	}
	for name := range plainFiles {
		text, err := os.ReadFile(filepath.Join(plainDirectory, name))
		if err != nil {
			t.Fatal(err)
		}
		accepted := 0
		for _, o := range objects(t, &chart.Rendered{Manifest: string(text)}) {
			if o.GetKind() == "Namespace" {
				makeNamespace(t, c, o.GetName(), nil)
				continue
			}
			if err := api.try(t.Context(), o); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			accepted++
		}
		if accepted < 15 {
			t.Errorf("%s has %d objects", name, accepted)
		}
	}
}

// The kustomization names files that are there, and an image that is in them.
func TestKustomization(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(plainDirectory, "kustomization.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	list := objects(t, &chart.Rendered{Manifest: string(text)})
	if len(list) != 1 || list[0].GetKind() != "Kustomization" {
		t.Fatalf("it holds %v", list)
	}
	resources, _, err := unstructured.NestedStringSlice(list[0].Object, "resources")
	if err != nil || len(resources) != 1 {
		t.Fatalf("resources are %q: %v", resources, err)
	}
	manifest, err := os.ReadFile(filepath.Join(plainDirectory, resources[0]))
	if err != nil {
		t.Fatal(err)
	}
	images, _, err := unstructured.NestedSlice(list[0].Object, "images")
	if err != nil || len(images) == 0 {
		t.Fatalf("images are %v: %v", images, err)
	}
	for _, image := range images {
		name := image.(map[string]any)["name"].(string)
		if !strings.Contains(string(manifest), "image: "+name+":") {
			t.Errorf("no container has an image %s", name)
		}
	}
}
