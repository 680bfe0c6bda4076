// SPDX-License-Identifier: Apache-2.0

package experiments

import (
	"fmt"
	"io"
	"strconv"
)

// slower is how much more time than without moorage a burst may take in the median: both sides share a machine with whatever else runs on it.
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
			last := fmt.Sprintf("%.1f", r.Last().Seconds())
			if !r.Settled {
				last += " (unsettled)"
			}
			rows = append(rows, []string{
				strconv.FormatUint(r.Seed, 10), string(r.Side), fmt.Sprintf("%d/%d", r.Placed, r.Fit), strconv.Itoa(r.OverCommits),
				fmt.Sprintf("%.0f", float64(r.Beyond)/gib), strconv.Itoa(r.Failed), strconv.Itoa(r.Withdrawn), strconv.Itoa(r.Rescheduled),
				strconv.Itoa(r.Stranded), strconv.Itoa(r.Unused), last,
			})
		}
		heads := []string{"SEED", "SIDE", "PLACED", "OVER-COMMITS", "GIB BEYOND", "FAILURES", "WITHDRAWN", "RESCHEDULED", "STRANDED", "UNUSED", "LAST AT S"}
		if err := writeTable(w, heads, rows); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "time with moorage / without, until as many pods were placed as on the side that placed fewer: %v\n", b.ratios(v.Name)); err != nil {
			return err
		}
	}
	_, err := fmt.Fprint(w, `
PLACED: pods with a node of those that there was room for. OVER-COMMITS: requests that a pool had no room for, GIB BEYOND: what they asked for.
FAILURES: events ProvisioningFailed. WITHDRAWN: claims that lost the node chosen for them. RESCHEDULED: failed attempts for pods that a node
had been chosen for before. STRANDED: pods without a node that have a volume. UNUSED: pods that the pools still had room for.
`)
	return err
}

// ratios compares how long both sides took for the same number of pods, seed by seed.
func (b *BurstReport) ratios(variant string) spread {
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
		if n := min(with.Placed, without.Placed); n > 0 {
			ratios = append(ratios, float64(with.At[n-1])/float64(without.At[n-1]))
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
		if ratios := b.ratios(v.Name); len(ratios) > 0 && ratios.median() > slower {
			broken = append(broken, fmt.Sprintf("burst %s: took %.2f times as long as without moorage", v.Name, ratios.median()))
		}
	}
	return broken
}
