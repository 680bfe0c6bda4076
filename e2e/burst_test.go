// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"testing"
	"time"

	"github.com/moorage-k8s/moorage/e2e/experiments"
)

// A burst of pods against pools that have room for two thirds of them: moorage lets through as many as fit, asks the driver for no volume that it has no room
// for, and leaves no room unused. `make bench-burst` does the same with larger bursts, and without moorage for comparison.
func TestABurstFillsPoolsAndNoMore(t *testing.T) {
	lab := &experiments.Lab{
		Control: control(t), Progress: os.Stderr,
		// A suite's machine may be busy with other things, so that the scheduler's writes are seen late.
		MoorageConfig: "apiVersion: moorage.dev/v1alpha1\nkind: MoorageConfiguration\nextender: {placementWait: 800ms}\n",
	}
	report, err := lab.Burst(t.Context(), experiments.BurstVariants[:3], experiments.BurstOptions{
		Fit: 12, Seeds: []uint64{uint64(time.Now().UnixNano())}, Quiet: 15 * time.Second, Limit: time.Minute, //nolint:gosec // any number will do
		Sides: []experiments.Side{experiments.With},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, promise := range report.Broken() {
		t.Error(promise)
	}
}
