// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moorage-k8s/moorage/e2e/chart"
)

var update = flag.Bool("update", false, "write what the chart renders into testdata, and its values into its README")

// combination is one of the documented ways to install the chart: testdata/combinations/NAME.yaml, a values file whose comment says
// what it is for, and, where they matter, the release, its namespace and the cluster's version.
type combination struct {
	name    string
	options chart.Options
}

// combinations reads all of them.
func combinations(t *testing.T) []combination {
	t.Helper()
	files, err := filepath.Glob("testdata/combinations/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no combinations: %v", err)
	}
	var out []combination
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c := combination{name: strings.TrimSuffix(filepath.Base(file), ".yaml")}
		if c.options.Values, err = chart.Values(text); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for line := range strings.Lines(string(text)) {
			comment, found := strings.CutPrefix(line, "# ")
			if !found {
				break
			}
			for word := range strings.FieldsSeq(comment) {
				switch key, value, _ := strings.Cut(word, "="); key {
				case "release":
					c.options.Release = value
				case "namespace":
					c.options.Namespace = value
				case "version":
					c.options.KubeVersion = value
				}
			}
		}
		out = append(out, c)
	}
	return out
}

// render renders a combination.
func (c *combination) render(t *testing.T) *chart.Rendered {
	t.Helper()
	rendered, err := chart.Render(c.options)
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	return rendered
}
