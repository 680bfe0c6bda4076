// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/moorage-k8s/moorage/e2e/experiments"
)

// catalogue is the experiments by name.
var catalogue = map[string]experiment{
	"burst": {describes: "bursts of pods against pools that have room for two thirds of them", prepare: prepareBurst},
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
