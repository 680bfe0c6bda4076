// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pmezard/go-difflib/difflib"

	"github.com/moorage-k8s/moorage/e2e/chart"
)

// Every documented combination renders what testdata/golden says: default.yaml in full, the others by how they differ from it.
// `go test ./chart -run TestGolden -update` updates them; read the difference.
func TestGolden(t *testing.T) {
	var plain string
	all := combinations(t)
	for _, c := range all {
		if c.name == "default" {
			plain = text(c.render(t))
		}
	}
	written := map[string]bool{}
	for _, c := range all {
		got, file := plain, "default.yaml"
		if c.name != "default" {
			got, file = difference(t, plain, text(c.render(t))), c.name+".diff"
		}
		written[file] = true
		path := filepath.Join("testdata", "golden", file)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil { //nolint:gosec // no secret
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatalf("%v; -update writes it", err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s renders otherwise (-golden +now); if that is meant, go test ./chart -run TestGolden -update\n%s", c.name, diff)
		}
	}
	files, err := filepath.Glob("testdata/golden/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !written[filepath.Base(file)] {
			t.Errorf("%s is of no combination", file)
		}
	}
}

// text is all that a user gets, of which comments, which are the templates' own, are no part.
func text(r *chart.Rendered) string {
	var out strings.Builder
	for line := range strings.Lines(r.Manifest + "\n" + r.Hooks) {
		if comment := strings.TrimSpace(line); comment != "" && (!strings.HasPrefix(comment, "#") || strings.HasPrefix(comment, "# Source: ")) {
			out.WriteString(strings.TrimRight(line, " \n") + "\n")
		}
	}
	return out.String() + "--- NOTES\n" + strings.TrimSpace(r.Notes) + "\n"
}

// difference is that of two texts, with as much around it as it takes to see where it is.
func difference(t *testing.T, a, b string) string {
	t.Helper()
	diff, err := difflib.GetUnifiedDiffString(difflib.UnifiedDiff{A: difflib.SplitLines(a), B: difflib.SplitLines(b), Context: 1})
	if err != nil {
		t.Fatal(err)
	}
	// Where in the text it is says nothing to a reader, and changes with everything before it.
	var out strings.Builder
	for line := range strings.Lines(diff) {
		if strings.HasPrefix(line, "@@") {
			line = "@@\n"
		}
		out.WriteString(line)
	}
	return out.String()
}
