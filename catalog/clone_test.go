// SPDX-License-Identifier: Apache-2.0

package catalog

import "testing"

// TestCloneTopology promises what the engine excludes nodes by: a clone is held to its source only where that is sure.
func TestCloneTopology(t *testing.T) {
	for _, tc := range []struct {
		driver           string
		parameters       map[string]string
		volume, snapshot CloneReach
	}{
		{"ebs.csi.aws.com", nil, CloneAtSource, CloneAnywhere},
		{"kubernetes.io/aws-ebs", nil, CloneAtSource, CloneAnywhere},
		{"disk.csi.azure.com", map[string]string{"skuName": "Premium_LRS"}, CloneAtSource, CloneAnywhere},
		{"disk.csi.azure.com", map[string]string{"skuname": "premium_zrs"}, CloneUnknown, CloneUnknown},
		{"pd.csi.storage.gke.io", map[string]string{"type": "pd-ssd"}, CloneAtSource, CloneAnywhere},
		{"pd.csi.storage.gke.io", map[string]string{"replication-type": "regional-pd"}, CloneUnknown, CloneUnknown},
		{"topolvm.io", nil, CloneAtSource, CloneAtSource},
		{"vpc.block.csi.ibm.io", nil, CloneUnknown, CloneAnywhere},
		{"cinder.csi.openstack.org", nil, CloneUnknown, CloneUnknown},
		{"driver.longhorn.io", nil, CloneUnknown, CloneUnknown},
	} {
		row, ok := Default().Driver(tc.driver)
		if !ok {
			t.Fatalf("driver %q has no row", tc.driver)
		}
		if got := row.CloneTopology.OfVolume(tc.parameters); got != tc.volume {
			t.Errorf("a clone by %s with %v can be %s, want %s", tc.driver, tc.parameters, got, tc.volume)
		}
		if got := row.CloneTopology.OfSnapshot(tc.parameters); got != tc.snapshot {
			t.Errorf("a restored volume of %s with %v can be %s, want %s", tc.driver, tc.parameters, got, tc.snapshot)
		}
	}
}
