// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"testing"

	"github.com/moorage-k8s/moorage/topology/placement"
	"github.com/moorage-k8s/moorage/topology/placement/lift"
)

// TestEvidence holds the evidence of every case in testdata against the engine: without exactly what is blamed the predicate passes the
// node, and as long as any one of it is left it does not.
func TestEvidence(t *testing.T) {
	seen := map[placement.Reason]int{}
	for _, name := range caseNames(t) {
		t.Run(name, func(t *testing.T) {
			engine, s, pod := caseOf(t, caseFiles(t, name))
			for _, wrong := range (&lift.Question{Engine: engine, Snapshot: s, Pod: pod}).Check(seen) {
				t.Error(wrong)
			}
		})
	}
	for reason := placement.ReasonReadWriteOncePod; reason <= placement.ReasonReserved; reason++ {
		if seen[reason] == 0 {
			t.Errorf("no case for %q", reason)
		}
	}
}
