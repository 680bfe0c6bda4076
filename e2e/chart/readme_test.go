// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/chart"
)

// The README of the chart has the table of values that values.yaml makes, and values.yaml says something of each value, itself or for the
// section that it is in. `go test ./chart -run TestReadme -update` updates the table.
func TestReadme(t *testing.T) {
	read := func(name string) (path, text string) {
		path, err := binaries.RepositoryFile(chart.Directory + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return path, string(data)
	}
	_, values := read("values.yaml")
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(values), &document); err != nil {
		t.Fatal(err)
	}
	table := "| value | default | |\n|---|---|---|\n" + rows(t, document.Content[0], "", "")
	path, readme := read("README.md")
	const begin, end = "<!-- values: made from values.yaml by `go test ./chart -run TestReadme -update` in e2e -->\n", "<!-- end of values -->\n"
	before, rest, found := strings.Cut(readme, begin)
	got, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no lines %q and %q", path, begin, end)
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+table+end+after), 0o644); err != nil { //nolint:gosec // Documentation is public.
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(table, got); diff != "" {
		t.Errorf("the table of values is not what values.yaml says (-values.yaml +README.md):\n%s", diff)
	}
}

// rows are those of the values in a mapping, with the comment of the section that they are in.
func rows(t *testing.T, of *yaml.Node, path, section string) string {
	t.Helper()
	var out strings.Builder
	for i := 0; i < len(of.Content); i += 2 {
		key, value := of.Content[i], of.Content[i+1]
		at := strings.TrimPrefix(path+"."+key.Value, ".")
		comment := sentence(key.HeadComment)
		if value.Kind == yaml.MappingNode && value.Style != yaml.FlowStyle && !strings.HasSuffix(at, "affinity") && !strings.HasSuffix(at, "resources") && !strings.HasSuffix(at, "ecurityContext") {
			if comment != "" {
				fmt.Fprintf(&out, "| **`%s`** | | %s |\n", at, comment)
			}
			out.WriteString(rows(t, value, at, section+comment))
			continue
		}
		if comment == "" && section == "" && path == "" {
			t.Errorf("values.yaml says nothing of %s", at)
		}
		text := *value
		text.HeadComment, text.LineComment, text.FootComment, text.Style = "", "", "", yaml.FlowStyle
		if value.Kind == yaml.ScalarNode {
			text.Style = value.Style
		}
		defaulted, err := yaml.Marshal(&text)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "| `%s` | `%s` | %s |\n", at, strings.Join(strings.Fields(string(defaulted)), " "), comment)
	}
	return out.String()
}

// sentence makes one line of a comment.
func sentence(comment string) string {
	var words []string
	for line := range strings.Lines(comment) {
		words = append(words, strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "#"))...)
	}
	return strings.ReplaceAll(strings.Join(words, " "), "|", `\|`)
}
