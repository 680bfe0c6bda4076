// SPDX-License-Identifier: Apache-2.0

package filters_test

import (
	"flag"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/e2e/filters"
)

var (
	rounds = flag.Uint64("rounds", 4_000, "how many rounds to judge")
	seed   = flag.Uint64("seed", 0, "the seed of all rounds; without it, any")
	first  = flag.Uint64("first", 0, "the first round")
	enough = flag.Int("findings", 3, "how many disagreements end the run")
)

const (
	// enoughRounds is from how many rounds on a run must have reached everything, and often how often.
	enoughRounds, often = 2_000, 50
	// enoughVerdicts is how many verdicts such a run is made of at least.
	enoughVerdicts = 100_000
)

// TestFilters judges random clusters: nodefit must say of every node what kube-scheduler's own plugins say, filter by filter.
func TestFilters(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("seed %d", *seed)
	tally, found := run(t, *seed, *first, *rounds, *enough)
	t.Logf("seed %d: %d disagreements in %s", *seed, len(found), tally)
	for _, d := range found {
		t.Errorf("round %d, pod %s/%s, node %s, %s\n  kube-scheduler: %s\n  moorage:        %s\n%s\nagain: go test ./filters -run TestFilters -seed %d -first %d -rounds 1",
			d.Round, d.Pod.Namespace, d.Pod.Name, d.Node, d.Plugin, d.InTree, d.Moorage, manifest(d), *seed, d.Round)
	}
	if *rounds < enoughRounds {
		return
	}
	if tally.Verdicts < enoughVerdicts {
		t.Errorf("only %d verdicts", tally.Verdicts)
	}
	for _, missed := range tally.Missed(often) {
		t.Error(missed)
	}
}

func manifest(d filters.Disagreement) string {
	var out []byte
	for _, o := range []any{d.Pod, d.Cluster.Nodes, d.Cluster.Namespaces, d.Cluster.Pods} {
		text, _ := yaml.Marshal(o)
		out = append(append(out, "---\n"...), text...)
	}
	return string(out[:min(len(out), 20_000)])
}

func run(t *testing.T, seed, first, rounds uint64, enough int) (*filters.Tally, []filters.Disagreement) {
	t.Helper()
	var (
		total   filters.Tally
		found   []filters.Disagreement
		next    atomic.Uint64
		stop    atomic.Bool
		mu      sync.Mutex
		workers sync.WaitGroup
	)
	total.Said = map[string]map[string]int{}
	for range runtime.GOMAXPROCS(0) {
		judge, err := filters.NewJudge(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		workers.Go(func() {
			for n := next.Add(1) - 1; n < rounds && !stop.Load(); n = next.Add(1) - 1 {
				of, err := judge.Round(seed, first+n)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if found = append(found, of...); len(found) >= enough {
					stop.Store(true)
				}
				mu.Unlock()
			}
			mu.Lock()
			defer mu.Unlock()
			total.Add(&judge.Tally)
		})
	}
	workers.Wait()
	return &total, found
}
