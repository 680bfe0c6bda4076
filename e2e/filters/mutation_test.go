// SPDX-License-Identifier: Apache-2.0

package filters_test

import (
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"github.com/moorage-k8s/moorage/e2e/filters"
	"github.com/moorage-k8s/moorage/e2e/mutant"
)

// mutantRounds is within how many rounds the run must notice a fault.
const mutantRounds = 4_000

// TestMutations makes faults in nodefit, one at a time, and sees TestFilters find each.
func TestMutations(t *testing.T) {
	if os.Getenv(mutant.Env) != "" || testing.Short() {
		t.Skip("skipped: the build with faults takes a while")
	}
	faults := make([]mutant.Fault, len(mutations))
	for i, m := range mutations {
		faults[i] = m.Fault
	}
	for _, plugin := range filters.Plugins {
		if !slices.ContainsFunc(mutations, func(m mutation) bool { return m.filter == plugin }) {
			t.Errorf("no mutation for filter %s", plugin)
		}
	}
	program := mutant.Build(t, "../../nodefit", faults)
	run := func(t *testing.T, name string) (output string, failed bool) {
		return mutant.Run(t, program, name, "-test.run=^TestFilters$", "-test.v",
			"-rounds", strconv.Itoa(mutantRounds), "-seed", "1", "-findings", "1")
	}
	if out, failed := run(t, "none"); failed {
		t.Fatalf("the run fails on nodefit without a fault:\n%s", tail(out))
	}
	t.Run("faults", func(t *testing.T) {
		workers := make(chan struct{}, runtime.GOMAXPROCS(0))
		for _, m := range mutations {
			t.Run(m.filter+"/"+m.Name, func(t *testing.T) {
				t.Parallel()
				workers <- struct{}{}
				defer func() { <-workers }()
				out, _ := run(t, m.Name)
				found := regexp.MustCompile(`[1-9]\d* disagreements in (\d+) rounds`).FindStringSubmatch(out)
				if found == nil {
					t.Fatalf("within %d rounds the run does not notice the fault:\n%s", mutantRounds, tail(out))
				}
				t.Logf("noticed within %s rounds", found[1])
			})
		}
	})
}

func tail(text string) string { return text[max(0, len(text)-3000):] }
