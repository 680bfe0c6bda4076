// SPDX-License-Identifier: Apache-2.0

package check

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/manifests"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// TestCases checks the files of testdata/cases, each alone. The file "expect" of an archive has a line for each of them: what must be found
// and nothing else, as ACTION RULE PATH, or nothing where there is to be no finding. Audited findings do not count. Where there is a cluster.yaml, it is the cluster.
func TestCases(t *testing.T) {
	archives, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	evaluator, err := rules.NewEvaluator(rules.EvaluatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range archives {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		expect := map[string][]string{}
		var cluster *topology.Snapshot
		for _, f := range archive.Files {
			if f.Name == "expect" {
				for line := range strings.Lines(string(f.Data)) {
					name, want, _ := strings.Cut(strings.TrimSpace(line), " ")
					expect[name] = append(expect[name], strings.TrimSpace(want))
				}
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if path := filepath.Join(dir, "cluster.yaml"); exists(path) {
			cluster = clusterFrom(t, path)
		}
		for _, f := range archive.Files {
			if f.Name == "expect" || f.Name == "cluster.yaml" {
				continue
			}
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+f.Name, func(t *testing.T) {
				wants, listed := expect[f.Name]
				if !listed {
					t.Fatal("nothing is expected of it")
				}
				result, err := Check(t.Context(), Options{
					Paths: []string{filepath.Join(dir, f.Name)}, Cluster: cluster, Evaluator: evaluator,
				})
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, found := range result.Findings {
					got = append(got, fmt.Sprintf("%s %s %s", found.Action, found.Rule, found.Path))
				}
				loud := slices.DeleteFunc(slices.Clone(got), func(line string) bool { return strings.HasPrefix(line, string(rules.Audit)+" ") })
				wants = slices.DeleteFunc(wants, func(want string) bool { return want == "" })
				slices.Sort(wants)
				slices.Sort(loud)
				if diff := cmp.Diff(slices.Compact(wants), slices.Compact(loud), cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func clusterFrom(t *testing.T, path string) *topology.Snapshot {
	t.Helper()
	cache := topology.New(topology.Options{NodeDelay: -1})
	if _, err := manifests.Load(cache, path); err != nil {
		t.Fatal(err)
	}
	cache.Flush()
	return cache.Snapshot()
}
