// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"strings"
	"testing"

	"github.com/moorage-k8s/moorage/e2e/chart"
)

// Go knows of nine tenths of the memory limit in each pod of moorage, unless somebody says otherwise.
func TestMemoryLimit(t *testing.T) {
	for _, c := range []struct{ name, values, want string }{
		{"by default", "", "1843MiB"},
		{"mebibytes", "resources: {limits: {memory: 500Mi}}", "450MiB"},
		{"gibibytes", "resources: {limits: {memory: 4Gi}}", "3686MiB"},
		{"gigabytes", "resources: {limits: {memory: 1G}}", "858MiB"},
		{"bytes", "resources: {limits: {memory: 1073741824}}", "921MiB"},
		{"bytes in quotes", `resources: {limits: {memory: "1073741824"}}`, "921MiB"},
		{"a form that Go's limit is not made of", "resources: {limits: {memory: 1.5Gi}}", ""},
		{"no limit", "resources: {limits: null}", ""},
		{"of their own", "extraEnv: [{name: GOMEMLIMIT, value: 1GiB}]", "1GiB"},
	} {
		values, err := chart.Values([]byte(c.values))
		if err != nil {
			t.Fatal(err)
		}
		rendered, err := chart.Render(chart.Options{Values: values})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got []string
		for line := range strings.Lines(rendered.Manifest + rendered.Hooks) {
			if _, after, found := strings.Cut(line, "name: GOMEMLIMIT, value: "); found {
				got = append(got, strings.TrimSuffix(after, "}\n"))
			}
			if strings.TrimSpace(line) == "- name: GOMEMLIMIT" || strings.TrimSpace(line) == "name: GOMEMLIMIT" {
				got = append(got, "1GiB")
			}
		}
		want := []string{c.want, c.want} // of the webhook's pods, and of the scheduler's
		if c.want == "" {
			want = nil
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s: GOMEMLIMIT is %q, want %q", c.name, got, want)
		}
	}
}
