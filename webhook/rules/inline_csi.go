// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"

	storagev1 "k8s.io/api/storage/v1"
)

// ephemeralCSIUnsupported fires on inline volumes of a driver that says it has none. The kubelet asks its CSIDriver object
// (pkg/volume/csi, supportsVolumeLifecycleMode). A driver that has none yet may be installed later: nothing is said.
func ephemeralCSIUnsupported(in *Input) []Finding {
	spec, path := podSpecOf(in.Object)
	if spec == nil || in.Lookup == nil {
		return nil
	}
	var found []Finding
	for i := range spec.Volumes {
		v := &spec.Volumes[i]
		if v.CSI == nil {
			continue
		}
		driver, ok := in.Lookup.CSIDriver(v.CSI.Driver)
		if !ok || slices.Contains(driver.Spec.VolumeLifecycleModes, storagev1.VolumeLifecycleEphemeral) {
			continue
		}
		found = append(found, Finding{
			Path:    path.Child("volumes").Index(i).Child("csi"),
			Message: fmt.Sprintf("volume %q: driver %s has no inline volumes", v.Name, v.CSI.Driver),
			Symptom: fmt.Sprintf(`the pod stays in ContainerCreating: volume mode "Ephemeral" not supported by driver %s`, v.CSI.Driver),
		})
	}
	return found
}
