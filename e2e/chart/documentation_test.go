// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/moorage-k8s/moorage/e2e/chart"
)

// valuesBlock matches a block of YAML that says that it is for values.yaml, and its indentation.
var valuesBlock = regexp.MustCompile("(?ms)^([ ]*)```yaml\n *# values.yaml\n(.*?)\n *```$")

// Whatever the documentation tells people to put into their values, the chart takes and renders.
func TestValuesInTheDocumentation(t *testing.T) {
	found := 0
	err := filepath.WalkDir("../../docs", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".md" {
			return err
		}
		page, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range valuesBlock.FindAllStringSubmatch(string(page), -1) {
			found++
			block := strings.ReplaceAll("\n"+m[2], "\n"+m[1], "\n")
			// What a reader has to fill in.
			block = strings.NewReplacer("RULE:", "hostpath-sensitive:", "REGISTRY/", "registry.example.com/").Replace(block)
			values, err := chart.Values([]byte(block))
			if err != nil {
				t.Errorf("%s: %v in\n%s", path, err, block)
				continue
			}
			if _, err := chart.Render(chart.Options{Values: values}); err != nil {
				t.Errorf("%s: %v in\n%s", path, err, block)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 7 {
		t.Errorf("%d blocks of values were found", found)
	}
}

// valuesPath matches the path of a value between backticks, such as `tls.mode` or `prometheusRule.disabledAlerts: […]`.
var valuesPath = regexp.MustCompile("`((?:[a-z][A-Za-z]*\\.)+[a-z][A-Za-z]*)(?::[^`]*)?`")

// Every value that the pages about installing name by its path exists.
func TestPathsOfValuesInTheDocumentation(t *testing.T) {
	text, err := os.ReadFile("../../charts/moorage/values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	values, err := chart.Values(text)
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob("../../docs/runbooks/*.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, path := range append(pages, "../../docs/install.md", "../../docs/upgrade.md", "../../docs/uninstall.md", "../../docs/security.md") {
		page, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range valuesPath.FindAllStringSubmatch(string(page), -1) {
			names := strings.Split(m[1], ".")
			if _, ours := values[names[0]]; !ours || names[0] == "config" || m[1] == "tls.crt" || m[1] == "tls.key" {
				continue // another file's, moorage's own configuration, or a key of a Secret
			}
			found++
			var at any = values
			for _, name := range names {
				inner, _ := at.(map[string]any)
				var ok bool
				if at, ok = inner[name]; !ok {
					t.Errorf("%s: there is no value %s", path, m[1])
					break
				}
			}
		}
	}
	if found < 15 {
		t.Errorf("%d values were found", found)
	}
}
