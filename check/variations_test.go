// SPDX-License-Identifier: Apache-2.0

package check_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/moorage-k8s/moorage/check"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// Each variation gets the findings of the rules that its directory names, and no other: what is right gets none, and one mistake is not
// reported by several rules.
func TestVariations(t *testing.T) {
	archive, err := txtar.ParseFile(filepath.Join("testdata", "variations.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	evaluator, err := rules.NewEvaluator(rules.EvaluatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range archive.Files {
		want, name, _ := strings.Cut(f.Name, "/")
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
		result, err := check.Check(t.Context(), check.Options{Paths: []string{path}, Evaluator: evaluator})
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, f := range result.Findings {
			if f.Action != rules.Audit && !slices.Contains(found, f.Rule) {
				found = append(found, f.Rule)
			}
		}
		slices.Sort(found)
		if got := strings.Join(found, "+"); got != want && (got != "" || want != "nothing") {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
