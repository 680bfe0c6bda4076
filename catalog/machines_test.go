// SPDX-License-Identifier: Apache-2.0

package catalog

import "testing"

// TestMachines promises what the engine rates nodes by: that a machine cannot attach a disk is said only where it is known of both.
func TestMachines(t *testing.T) {
	for _, tc := range []struct {
		driver     string
		parameters map[string]string
		machine    string
		refuses    bool
	}{
		{"pd.csi.storage.gke.io", map[string]string{"type": "hyperdisk-balanced"}, "n1-standard-4", true},
		{"pd.csi.storage.gke.io", map[string]string{"type": "Hyperdisk-Balanced"}, "n1-standard-4", true},
		{"pd.csi.storage.gke.io", map[string]string{"type": "hyperdisk-balanced"}, "c4-standard-4", false},
		{"pd.csi.storage.gke.io", map[string]string{"type": "pd-ssd"}, "c4-standard-4", true},
		{"pd.csi.storage.gke.io", map[string]string{"type": "pd-ssd"}, "c4a-standard-4", false},
		{"pd.csi.storage.gke.io", map[string]string{"type": "pd-ssd"}, "n1-standard-4", false},
		{"pd.csi.storage.gke.io", nil, "c3-standard-4", true}, // pd-standard
		{"kubernetes.io/gce-pd", map[string]string{"type": "pd-standard"}, "c3-standard-4", true},
		{"pd.csi.storage.gke.io", map[string]string{"type": "dynamic"}, "n1-standard-4", false},
		{"pd.csi.storage.gke.io", map[string]string{"type": "pd-ssd"}, "q9-standard-4", false},
		{"pd.csi.storage.gke.io", map[string]string{"type": "pd-ssd"}, "", false},
		{"disk.csi.azure.com", map[string]string{"skuName": "Premium_LRS"}, "Standard_D2_v5", true},
		{"disk.csi.azure.com", map[string]string{"storageAccountType": "premium_zrs"}, "standard_d2_v3", true},
		{"disk.csi.azure.com", map[string]string{"skuName": "Premium_LRS"}, "Standard_D2s_v5", false},
		{"disk.csi.azure.com", map[string]string{"skuName": "Premium_LRS"}, "Standard_M128", false},
		{"disk.csi.azure.com", map[string]string{"skuName": "StandardSSD_LRS"}, "Standard_D2_v5", false},
		{"disk.csi.azure.com", map[string]string{"skuName": "UltraSSD_LRS"}, "Standard_D2_v5", false},
		{"disk.csi.azure.com", nil, "Standard_D2_v5", false},
		{"ebs.csi.aws.com", map[string]string{"type": "io2"}, "m4.large", false},
	} {
		row, ok := Default().Driver(tc.driver)
		if !ok {
			t.Fatalf("driver %q has no row", tc.driver)
		}
		disk := row.Machines.DiskOf(tc.parameters)
		if got := disk != "" && row.Machines.Refuses(tc.machine, disk); got != tc.refuses {
			t.Errorf("%s refuses disks of %s with %v: %v, want %v", tc.machine, tc.driver, tc.parameters, got, tc.refuses)
		}
	}
}
