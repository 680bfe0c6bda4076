// SPDX-License-Identifier: Apache-2.0

package oracle_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"github.com/moorage-k8s/moorage/e2e/mutant"
)

const (
	// engineDir is the source of moorage's engine and of what it stands on.
	engineDir = "../../topology"
	// mutantRounds is within how many rounds the oracle must notice a fault; soundRounds is how many it must agree for
	// without one, which shows that the build with faults is otherwise the engine.
	mutantRounds, soundRounds = 12_000, 1_000
)

// TestMutations makes faults in moorage's engine, one at a time, and sees the oracle find each: an oracle that agrees with
// everything would pass TestOracle too.
func TestMutations(t *testing.T) {
	if os.Getenv(mutant.Env) != "" || testing.Short() {
		t.Skip("skipped: the build with faults takes a while")
	}
	for _, predicate := range enforcedPredicates(t) {
		if !slices.ContainsFunc(mutations, func(m mutation) bool { return m.predicate == predicate }) {
			t.Errorf("no mutation for predicate %s", predicate)
		}
	}
	faults := make([]mutant.Fault, len(mutations))
	for i, m := range mutations {
		faults[i] = mutant.Fault{Name: m.name, File: m.file, Old: m.old, New: m.new}
	}
	program := mutant.Build(t, engineDir, faults)
	run := func(t *testing.T, name string, rounds int) (output string, failed bool) {
		return mutant.Run(t, program, name, "-test.run=^TestOracle$", "-test.v",
			"-rounds", strconv.Itoa(rounds), "-seed", "1", "-findings", "1", "-minimise=false")
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
			if mode, known := fields[len(fields)-1].(*ast.BasicLit); known && mode.Value == `""` { // It cannot be configured.
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
