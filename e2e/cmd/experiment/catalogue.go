// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/moorage-k8s/moorage/e2e/experiments"
)

// catalogue is the experiments by name.
var catalogue = map[string]experiment{
	"burst":      {describes: "bursts of pods against pools that have room for two thirds of them", prepare: prepareBurst},
	"balance":    {describes: "where the volumes of a StatefulSet end up in zones of unequal size", prepare: prepareBalance},
	"throughput": {describes: "how many pods kube-scheduler places in a second", prepare: prepareThroughput},
}

func prepareBurst(flags *flag.FlagSet) func(context.Context, *experiments.Lab) (report, error) {
	var names []string
	for _, v := range experiments.BurstVariants {
		names = append(names, v.Name)
	}
	fit := flags.Int("fit", 60, "how many pods there is room for; half as many again are created")
	seeds := flags.Int("seeds", 3, "how many repetitions, each with sizes of its own")
	chosen := flags.String("variants", strings.Join(names, ","), "which shapes of a burst")
	return func(ctx context.Context, lab *experiments.Lab) (report, error) {
		var variants []experiments.BurstVariant
		for _, name := range strings.Split(*chosen, ",") {
			i := slices.Index(names, name)
			if i < 0 {
				return nil, fmt.Errorf("there is no burst %q, want some of %s", name, strings.Join(names, ","))
			}
			variants = append(variants, experiments.BurstVariants[i])
		}
		options := experiments.BurstOptions{Fit: *fit, Quiet: 15 * time.Second, Limit: 5 * time.Minute}
		for i := range *seeds {
			options.Seeds = append(options.Seeds, uint64(i+1))
		}
		return lab.Burst(ctx, variants, options)
	}
}

func prepareThroughput(flags *flag.FlagSet) func(context.Context, *experiments.Lab) (report, error) {
	var options experiments.ThroughputOptions
	chosen := flags.String("claims", "bound,delayed", "whether the pods' claims have their volumes, or get them once a node is chosen")
	limits := flags.String("limits", "own,none", "whether kube-scheduler's client keeps its limit of requests in a second, or has none")
	flags.IntVar(&options.NodesPerZone, "nodes-per-zone", 34, "how many nodes each of three zones has")
	flags.IntVar(&options.BoundPods, "pods", 500, "how many pods each run places")
	flags.IntVar(&options.DelayedPods, "delayed-pods", 150, "how many pods each run with delayed claims places: their volumes have to be made")
	flags.IntVar(&options.Repetitions, "repetitions", 6, "how often each side is measured")
	return func(ctx context.Context, lab *experiments.Lab) (report, error) {
		for _, name := range strings.Split(*chosen, ",") {
			workload := experiments.Workload(name)
			if workload != experiments.Bound && workload != experiments.Delayed {
				return nil, fmt.Errorf("there are no %s claims, want bound or delayed", name)
			}
			options.Workloads = append(options.Workloads, workload)
		}
		for _, name := range strings.Split(*limits, ",") {
			limit, ok := map[string]experiments.Limit{"own": experiments.OwnLimit, "none": experiments.NoLimit}[name]
			if !ok {
				return nil, fmt.Errorf("there is no limit %q, want own or none", name)
			}
			options.Limits = append(options.Limits, limit)
		}
		return lab.Throughput(ctx, options)
	}
}

func prepareBalance(flags *flag.FlagSet) func(context.Context, *experiments.Lab) (report, error) {
	replicas := flags.Int("replicas", 30, "how many pods the StatefulSet has")
	limit := flags.Int("attach-limit", 6, "how many volumes a node can have attached")
	repetitions := flags.Int("repetitions", 3, "how often each side is measured")
	return func(ctx context.Context, lab *experiments.Lab) (report, error) {
		return lab.Balance(ctx, experiments.BalanceOptions{
			Zones:    []experiments.BalanceZone{{Name: "zone-a", Nodes: 8, Busy: 10}, {Name: "zone-b", Nodes: 4, Busy: 5}, {Name: "zone-c", Nodes: 2}},
			Loads:    []experiments.Load{experiments.Idle, experiments.Busy},
			Replicas: int32(*replicas), AttachLimit: int32(*limit), Repetitions: *repetitions, //nolint:gosec // both small
			Policies: []appsv1.PodManagementPolicyType{appsv1.ParallelPodManagement, appsv1.OrderedReadyPodManagement},
		})
	}
}
