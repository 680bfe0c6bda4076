// SPDX-License-Identifier: Apache-2.0

package experiments

import (
	"fmt"
	"io"
	"strconv"
	"time"
)

// slower is how much more time than without moorage a burst may take to settle in the median: both sides share a machine with whatever else runs on it.
const slower = 1.1

// BurstReport is what the bursts came to.
type BurstReport struct {
	Options  BurstOptions
	Variants []BurstVariant
	Runs     []*BurstRun
}

// Write prints the report for a reader.
func (b *BurstReport) Write(w io.Writer) error {
	for _, v := range b.Variants {
		if _, err := fmt.Fprintf(w, "\nBurst %s: %s\n", v.Name, v.Describes); err != nil {
			return err
		}
		var rows [][]string
		for _, r := range b.Runs {
			if r.Variant != v.Name {
				continue
			}
			settled := fmt.Sprintf("%.1f", r.SettledAt.Seconds())
			if !r.Settled {
				settled = "not in time"
			}
			rows = append(rows, []string{
				strconv.FormatUint(r.Seed, 10), string(r.Side), fmt.Sprintf("%d/%d", r.Placed, r.Fit), strconv.Itoa(r.OverCommits),
				fmt.Sprintf("%.0f", float64(r.Beyond)/gib), strconv.Itoa(r.Failed), strconv.Itoa(r.Withdrawn), strconv.Itoa(r.Rescheduled),
				strconv.Itoa(r.Stranded), strconv.Itoa(r.Unused), fmt.Sprintf("%.1f", r.Last().Seconds()), settled,
			})
		}
		heads := []string{"SEED", "SIDE", "PLACED", "OVER-COMMITS", "GIB BEYOND", "FAILURES", "WITHDRAWN", "RESCHEDULED", "STRANDED", "UNUSED", "LAST AT S", "SETTLED AT S"}
		if err := writeTable(w, heads, rows); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "time with moorage / without, until settled: %v; until as many pods were placed as on the side that placed fewer: %v\n",
			b.ratios(v.Name, settledAt), b.ratios(v.Name, placedAt)); err != nil {
			return err
		}
	}
	_, err := fmt.Fprint(w, `
PLACED: pods with a node of those that there was room for. OVER-COMMITS: requests that a pool had no room for, GIB BEYOND: what they asked for.
FAILURES: events ProvisioningFailed. WITHDRAWN: claims that lost the node chosen for them. RESCHEDULED: failed attempts for pods that a node
had been chosen for before. STRANDED: pods without a node that have a volume. UNUSED: pods that the pools still had room for. LAST: the last pod
was placed. SETTLED: the last pod or claim was given a node, lost it or was bound.
`)
	return err
}

// settledAt is how long a burst took to settle.
func settledAt(r, _ *BurstRun) time.Duration { return r.SettledAt }

// placedAt is how long a burst took to place as many pods as the side that placed fewer did.
func placedAt(r, other *BurstRun) time.Duration {
	if n := min(r.Placed, other.Placed); n > 0 {
		return r.At[n-1]
	}
	return 0
}

// ratios compares how long both sides took, seed by seed.
func (b *BurstReport) ratios(variant string, took func(r, other *BurstRun) time.Duration) spread {
	var ratios []float64
	for _, seed := range b.Options.Seeds {
		at := make(map[Side]*BurstRun)
		for _, r := range b.Runs {
			if r.Variant == variant && r.Seed == seed {
				at[r.Side] = r
			}
		}
		with, without := at[With], at[Without]
		if with == nil || without == nil {
			continue
		}
		if t := took(without, with); t > 0 {
			ratios = append(ratios, float64(took(with, without))/float64(t))
		}
	}
	return newSpread(ratios)
}

// Broken names the promises that did not hold with moorage.
func (b *BurstReport) Broken() []string {
	var broken []string
	for _, r := range b.Runs {
		if r.Side != With {
			continue
		}
		say := func(format string, args ...any) {
			broken = append(broken, fmt.Sprintf("burst %s, seed %d: ", r.Variant, r.Seed)+fmt.Sprintf(format, args...))
		}
		if r.OverCommits > 0 {
			say("%d over-commits, want none", r.OverCommits)
		}
		if r.Failed > 0 {
			say("%d failures to provision, want none", r.Failed)
		}
		if r.Unused > 0 || r.Placed != r.Fit {
			say("%d of %d pods placed and room for %d left, want no room unused", r.Placed, r.Fit, r.Unused)
		}
		if !r.Settled {
			say("it did not settle in time")
		}
	}
	for _, v := range b.Variants {
		if ratios := b.ratios(v.Name, settledAt); len(ratios) > 0 && ratios.median() > slower {
			broken = append(broken, fmt.Sprintf("burst %s: took %.2f times as long to settle as without moorage", v.Name, ratios.median()))
		}
	}
	return broken
}
