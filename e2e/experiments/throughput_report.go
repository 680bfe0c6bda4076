// SPDX-License-Identifier: Apache-2.0

package experiments

import (
	"fmt"
	"io"
	"slices"
)

// leastThroughput is the share of kube-scheduler's throughput that has to be left with moorage, in the median, where kube-scheduler runs as it
// does unless configured. Without its client's limit the figures say what being asked costs a machine that control plane, scheduler and extender
// share, of which the side without an opinion is the measure.
const leastThroughput = 0.95

// ThroughputReport is what the runs came to.
type ThroughputReport struct {
	Options ThroughputOptions
	Runs    []*ThroughputRun
}

// Write prints the report for a reader.
func (t *ThroughputReport) Write(w io.Writer) error {
	_, err := fmt.Fprintf(w, "\nThroughput of kube-scheduler: pods with a claim each, %d nodes, %d repetitions; median (least–most)\n",
		3*t.Options.NodesPerZone, t.Options.Repetitions)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, workload := range t.Options.Workloads {
		for _, limit := range t.Options.Limits {
			for _, which := range []Side{Without, NoOp, With} {
				rows = append(rows, t.row(workload, limit, which))
			}
		}
	}
	return writeTable(w, []string{"CLAIMS", "CLIENT'S LIMIT", "SIDE", "PODS EACH SECOND", "SHARE OF WITHOUT", "CPU MS FOR EACH POD", "MOORAGE'S MS FOR EACH POD"}, rows)
}

func (t *ThroughputReport) row(workload Workload, limit Limit, which Side) []string {
	var rates, cpu, extender []float64
	for _, r := range t.Runs {
		if r.Workload == workload && r.Limit == limit && r.Side == which {
			rates = append(rates, t.rate(r))
			cpu = append(cpu, 1000*r.CPU.Seconds()/float64(t.Options.pods(workload)))
			extender = append(extender, 1000*r.Extender.Seconds()/float64(t.Options.pods(workload)))
		}
	}
	spent := "-"
	if which == With {
		spent = newSpread(extender).String()
	}
	return []string{
		string(workload), limit.String(), string(which), newSpread(rates).String(), t.shares(workload, limit, which).String(), newSpread(cpu).String(), spent,
	}
}

func (t *ThroughputReport) rate(r *ThroughputRun) float64 {
	return float64(t.Options.pods(r.Workload)) / r.Took.Seconds()
}

// shares compares a side's throughput with that of kube-scheduler alone, repetition by repetition.
func (t *ThroughputReport) shares(workload Workload, limit Limit, which Side) spread {
	rates := make(map[int]map[Side]float64)
	for _, r := range t.Runs {
		if r.Workload != workload || r.Limit != limit {
			continue
		}
		if rates[r.Repetition] == nil {
			rates[r.Repetition] = make(map[Side]float64)
		}
		rates[r.Repetition][r.Side] = t.rate(r)
	}
	var shares []float64
	for _, sides := range rates {
		shares = append(shares, sides[which]/sides[Without])
	}
	return newSpread(shares)
}

// Broken names the promises that did not hold with moorage.
func (t *ThroughputReport) Broken() []string {
	var broken []string
	for _, workload := range t.Options.Workloads {
		if share := t.shares(workload, OwnLimit, With).median(); slices.Contains(t.Options.Limits, OwnLimit) && share < leastThroughput {
			broken = append(broken, fmt.Sprintf("throughput with %s claims: %.0f %% of what it is without moorage, want at least %.0f %%",
				workload, 100*share, 100*leastThroughput))
		}
	}
	return broken
}
