// SPDX-License-Identifier: Apache-2.0

package joint

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Reasons are found in messages of all supported releases, with commas of their own and what is said of preemption behind them.
func TestReasonsInMessages(t *testing.T) {
	for _, test := range []struct {
		message string
		want    map[string]int
	}{
		{
			"0/6 nodes are available: 1 Insufficient cpu, 5 node(s) have not registered a CSI driver that a volume needs, as other nodes have. " +
				"preemption: 0/6 nodes are available: 1 No preemption victims found for incoming pod, 5 Preemption is not helpful for scheduling.",
			map[string]int{"Insufficient cpu": 1, "node(s) have not registered a CSI driver that a volume needs, as other nodes have": 5},
		},
		{
			"0/3 nodes are available: 1 node(s) had untolerated taint {dedicated: gpu}, 1 node(s) had untolerated taint {a: b}, 1 node(s) had volume node affinity conflict.",
			map[string]int{"node(s) had untolerated taint(s)": 2, "node(s) didn't match PersistentVolume's node affinity": 1},
		},
		{
			"0/1 nodes are available: 1 Insufficient memory. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
			map[string]int{"Insufficient memory": 1},
		},
		{"0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found", map[string]int{}},
		{"", map[string]int{}},
	} {
		if diff := cmp.Diff(test.want, reasonsIn(test.message)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.message, diff)
		}
	}
}
