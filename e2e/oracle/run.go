// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Options say what a run judges.
type Options struct {
	// Seed and First give the rounds: First, First+1 and so on, all of Seed.
	Seed, First uint64
	// Rounds bounds the run; without it Duration does.
	Rounds   uint64
	Duration time.Duration
	// Plugins are those that are compared; all where there is none.
	Plugins []string
	// Workers judge rounds side by side.
	Workers int
	// Findings is how many disagreements end the run.
	Findings int
}

// Finding is a disagreement and the round that showed it.
type Finding struct {
	Disagreement
	Round   uint64
	Loading uint64
	Cluster *Cluster
}

// Run judges rounds until it has judged as many as it should, or has found enough. An error is a fault of the oracle itself.
func Run(ctx context.Context, o Options) (*Tally, []Finding, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if o.Rounds == 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, o.Duration)
		defer stop()
	}
	var (
		total    = newTally()
		findings []Finding
		faults   []error
		next     atomic.Uint64
		mu       sync.Mutex
		workers  sync.WaitGroup
	)
	for range max(o.Workers, 1) {
		workers.Go(func() {
			judge, err := NewJudge(ctx, o.Plugins...)
			for err == nil && ctx.Err() == nil {
				n := next.Add(1) - 1
				if o.Rounds > 0 && n >= o.Rounds {
					break
				}
				var found []Finding
				found, err = judge.Round(o.Seed, o.First+n)
				mu.Lock()
				if findings = append(findings, found...); len(findings) >= max(o.Findings, 1) {
					cancel()
				}
				mu.Unlock()
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				faults = append(faults, err)
				cancel()
			}
			if judge != nil {
				total.Add(&judge.Tally)
			}
		})
	}
	workers.Wait()
	return &total, findings, errors.Join(faults...)
}

// Round judges one round, and returns one finding for each pod, kind and plugin.
func (j *Judge) Round(seed, number uint64) ([]Finding, error) {
	round := Generate(seed, number)
	disagreements, err := j.Judge(round.Cluster, round.Pods, round.Loading)
	if err != nil {
		return nil, fmt.Errorf("judge round %d of seed %d: %w", number, seed, err)
	}
	j.Tally.Rounds++
	addCounts(j.Tally.Generated, round.Rows)
	type about struct {
		pod    *corev1.Pod
		kind   Kind
		plugin string
	}
	seen := map[about]bool{}
	var findings []Finding
	for _, d := range disagreements {
		if key := (about{d.Pod, d.Kind, d.Plugin}); !seen[key] {
			seen[key] = true
			findings = append(findings, Finding{Disagreement: d, Round: number, Loading: round.Loading, Cluster: round.Cluster})
		}
	}
	return findings, nil
}
