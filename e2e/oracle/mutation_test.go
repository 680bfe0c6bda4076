// SPDX-License-Identifier: Apache-2.0

package oracle_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	// engineDir is the source of moorage's engine and of what it stands on.
	engineDir = "../../topology"
	// mutantRounds is within how many rounds the oracle must notice a fault; soundRounds is how many it must agree for
	// without one, which shows that the build with faults is otherwise the engine.
	mutantRounds, soundRounds = 12_000, 1_000
	mutantEnv                 = "MOORAGE_ORACLE_MUTATION"
)

// TestMutations makes faults in moorage's engine, one at a time, and sees the oracle find each: an oracle that agrees with
// everything would pass TestOracle too.
func TestMutations(t *testing.T) {
	if os.Getenv(mutantEnv) != "" || testing.Short() {
		t.Skip("skipped: the build with faults takes a while")
	}
	for _, predicate := range enforcedPredicates(t) {
		if !slices.ContainsFunc(mutations, func(m mutation) bool { return m.predicate == predicate }) {
			t.Errorf("no mutation for predicate %s", predicate)
		}
	}
	binary := buildMutants(t)
	run := func(t *testing.T, name string, rounds int) (output string, failed bool) {
		cmd := exec.CommandContext(t.Context(), binary, "-test.run=^TestOracle$", "-test.v",
			"-rounds", strconv.Itoa(rounds), "-seed", "1", "-findings", "1", "-minimise=false")
		cmd.Env = append(os.Environ(), mutantEnv+"="+name, "GOMAXPROCS=1")
		out, err := cmd.CombinedOutput()
		return string(out), err != nil
	}
	t.Run("faults", func(t *testing.T) {
		workers := make(chan struct{}, runtime.GOMAXPROCS(0))
		side := func(name string, test func(t *testing.T)) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				workers <- struct{}{}
				defer func() { <-workers }()
				test(t)
			})
		}
		side("none", func(t *testing.T) {
			if out, failed := run(t, "none", soundRounds); failed {
				t.Errorf("the oracle fails on the engine without a fault:\n%s", tail(out))
			}
		})
		for _, m := range mutations {
			side(m.name, func(t *testing.T) {
				out, _ := run(t, m.name, mutantRounds)
				found := regexp.MustCompile(`[1-9]\d* disagreements in (\d+) rounds`).FindStringSubmatch(out)
				if found == nil {
					t.Fatalf("within %d rounds the oracle does not notice the fault:\n%s", mutantRounds, tail(out))
				}
				t.Logf("noticed within %s rounds", found[1])
			})
		}
	})
}

func tail(text string) string { return text[max(0, len(text)-4000):] }

// enforcedPredicates are the predicates that agree with kube-scheduler, from the engine's own list: those that are not
// configurable.
func enforcedPredicates(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(engineDir, "placement", "predicates.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Names[0].Name != "predicates" || len(spec.Values) != 1 {
			return true
		}
		list, ok := spec.Values[0].(*ast.CompositeLit)
		if !ok {
			return true
		}
		for _, e := range list.Elts {
			fields := e.(*ast.CompositeLit).Elts
			if configurable, known := fields[len(fields)-1].(*ast.Ident); known && configurable.Name == "false" {
				names = append(names, fields[0].(*ast.Ident).Name)
			}
		}
		return false
	})
	if len(names) == 0 {
		t.Fatal("the list of predicates is not where this test looks for it")
	}
	return names
}

// buildMutants builds this package's tests with all faults in the engine, each asleep until it is named.
func buildMutants(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	overlay := map[string]string{}
	put := func(path, text string) {
		path, err := filepath.Abs(filepath.Join(engineDir, path))
		if err != nil {
			t.Fatal(err)
		}
		overlay[path] = filepath.Join(dir, fmt.Sprintf("%d.go", len(overlay)))
		if err := os.WriteFile(overlay[path], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	texts := map[string]string{}
	for _, m := range mutations {
		text, read := texts[m.file]
		if !read {
			source, err := os.ReadFile(filepath.Join(engineDir, m.file))
			if err != nil {
				t.Fatal(err)
			}
			text = string(source)
		}
		if n := strings.Count(text, m.old); n != 1 {
			t.Fatalf("mutation %q: its old text occurs %d times in topology/%s, not once; follow the engine's change:\n%s", m.name, n, m.file, m.old)
		}
		texts[m.file] = strings.Replace(text, m.old, strings.ReplaceAll(m.new, "%", fmt.Sprintf("mutant(%q)", m.name)), 1)
	}
	for file, text := range texts {
		put(file, text)
	}
	dirs := map[string]bool{}
	for file := range texts {
		dirs[filepath.Dir(file)] = true
	}
	for dir := range dirs {
		put(filepath.Join(dir, "mutant.go"), fmt.Sprintf(
			"package %s\n\nimport \"os\"\n\nvar mutation = os.Getenv(%q)\n\nfunc mutant(name string) bool { return mutation == name }\n",
			filepath.Base(filepath.Join("topology", dir)), mutantEnv))
	}
	plan, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	planFile, binary := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "mutants.test")
	if err := os.WriteFile(planFile, plan, 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-vet=off", "-overlay", planFile, "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the engine with faults: %v\n%s", err, out)
	}
	return binary
}
