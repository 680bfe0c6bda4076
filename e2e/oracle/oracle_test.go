// SPDX-License-Identifier: Apache-2.0

package oracle_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/moorage-k8s/moorage/e2e/oracle"
)

var (
	rounds   = flag.Uint64("rounds", 0, "how many rounds to judge; without it, as many as fit in -duration (ORACLE_ROUNDS)")
	duration = flag.Duration("duration", 45*time.Second, "how long to judge where -rounds is not given")
	seed     = flag.Uint64("seed", 0, "the seed of all rounds; without it, any")
	first    = flag.Uint64("first", 0, "the first round")
	enough   = flag.Int("findings", 3, "how many disagreements end the run")
	minimise = flag.Bool("minimise", true, "make what was found as small as it can be")
	plugins  = flag.String("plugins", "", "the plugins to compare, separated by commas; without it, all four")
)

// enoughRounds is from how many rounds on a run must have reached everything.
const enoughRounds = 5_000

// TestOracle judges random clusters: moorage's engine must say of every node what kube-scheduler's own plugins say.
func TestOracle(t *testing.T) {
	o := oracle.Options{
		Seed: *seed, First: *first, Rounds: *rounds, Duration: *duration, Workers: runtime.GOMAXPROCS(0), Findings: *enough,
	}
	if text := os.Getenv("ORACLE_ROUNDS"); text != "" && o.Rounds == 0 {
		var err error
		if o.Rounds, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("ORACLE_ROUNDS is no number of rounds: %v", err)
		}
	}
	if testing.Short() {
		o.Duration = min(o.Duration, 5*time.Second)
	}
	if o.Seed == 0 {
		o.Seed = rand.Uint64()
	}
	if *plugins != "" {
		o.Plugins = strings.Split(*plugins, ",")
	}
	t.Logf("seed %d", o.Seed)
	tally, findings, err := oracle.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("seed %d: %d disagreements in %s", o.Seed, len(findings), tally)
	for _, f := range findings {
		t.Errorf("%s", explain(t, o, f))
	}
	judged := o.Plugins
	if len(judged) == 0 {
		judged = oracle.Plugins
	}
	if tally.Rounds < enoughRounds {
		return
	}
	for _, missed := range tally.Missed(judged) {
		t.Errorf("%s", missed)
	}
}

// explain makes the finding as small as it can be.
func explain(t *testing.T, o oracle.Options, f oracle.Finding) string {
	t.Helper()
	if *minimise {
		judge, err := oracle.NewJudge(t.Context(), o.Plugins...)
		if err != nil {
			t.Fatal(err)
		}
		f = judge.Minimise(f)
	}
	return fmt.Sprintf("%sagain: go test ./oracle -run TestOracle -seed %d -first %d -rounds 1\n", f.Report(), o.Seed, f.Round)
}
