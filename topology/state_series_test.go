// SPDX-License-Identifier: Apache-2.0

package topology_test

import (
	"testing"

	"github.com/moorage-k8s/moorage/topology"
)

// TestClaimSeries: which claims are taken for those of one StatefulSet's template.
func TestClaimSeries(t *testing.T) {
	for name, want := range map[string]string{
		"data-db-0": "data-db 0", "data-db-12": "data-db 12", "data-db-2-7": "data-db-2 7", "a-01": "a 01",
		"data-db": "", "data-db0": "", "0": "", "-0": "", "": "", "data-db-": "",
	} {
		got := ""
		if series, ordinal, ok := topology.ClaimSeries(name); ok {
			got = series + " " + ordinal
		}
		if got != want {
			t.Errorf("claim %q: series and ordinal %q, want %q", name, got, want)
		}
	}
}
