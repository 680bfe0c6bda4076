// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/version"
	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/e2e/chart"
)

// In whatever form a cluster gives its version, kube-scheduler's image has a tag that there is, and its probe a path that it has.
func TestSchedulerFollowsTheVersion(t *testing.T) {
	for _, c := range []struct{ told, tag, ready string }{
		{"v1.37.1", "v1.37.1", "/readyz"},
		{"1.34.2", "v1.34.2", "/readyz"},
		{"v1.33.1-eks-abcdef", "v1.33.1", "/readyz"},
		{"v1.32.4-gke.1000", "v1.32.4", "/readyz"},
		{"v1.33.4+k3s1", "v1.33.4", "/readyz"},
		{"v1.33.4+rke2r1", "v1.33.4", "/readyz"},
		{"v1.33.4+vmware.1-fips", "v1.33.4", "/readyz"},
		{"v1.31.1-aliyun.1", "v1.31.1", "/readyz"},
		{"v1.37.0-rc.1", "v1.37.0-rc.1", "/readyz"},
		{"v1.30.14", "v1.30.14", "/healthz"},
		{"1.34", patches(t)["v1.34"], "/readyz"},
		{"v1.34", patches(t)["v1.34"], "/readyz"},
		{"1.34+", patches(t)["v1.34"], "/readyz"},
		{"v1.31+", patches(t)["v1.31"], "/readyz"},
		{"1.30", patches(t)["v1.30"], "/healthz"},
		{"v1.30-eks-1", patches(t)["v1.30"], "/healthz"},
	} {
		rendered, err := chart.Render(chart.Options{KubeVersion: c.told})
		if err != nil {
			t.Errorf("%s: %v", c.told, err)
			continue
		}
		if want := "image: registry.k8s.io/kube-scheduler:" + c.tag + "\n"; !strings.Contains(rendered.Manifest, want) {
			t.Errorf("%s: the manifest does not have %s", c.told, want)
		}
		if want := "path: " + c.ready + "\n            port: scheduler"; !strings.Contains(rendered.Manifest, want) {
			t.Errorf("%s: kube-scheduler is not asked at %s", c.told, c.ready)
		}
	}
}

// For each release of Kubernetes that the chart is for, up to the newest that was tried, the chart knows a patch.
func TestPatchesAreKnown(t *testing.T) {
	known := patches(t)
	for minor := uint(30); minor <= 37; minor++ {
		name := "v" + version.MajorMinor(1, minor).String()
		of, err := version.ParseSemantic(known[name])
		if err != nil || of.Major() != 1 || of.Minor() != minor || of.PreRelease() != "" {
			t.Errorf("the patch of %s is %q: %v", name, known[name], err)
		}
		delete(known, name)
	}
	for name, patch := range known {
		if !strings.HasPrefix(patch, name+".") {
			t.Errorf("the patch of %s is %q", name, patch)
		}
	}
}

func patches(t *testing.T) map[string]string {
	t.Helper()
	var out map[string]string
	if err := yaml.Unmarshal(file(t, "kubernetes-patches.yaml"), &out); err != nil {
		t.Fatal(err)
	}
	return out
}
