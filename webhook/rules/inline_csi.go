// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"

	storagev1 "k8s.io/api/storage/v1"

	"github.com/moorage-k8s/moorage/catalog"
	"github.com/moorage-k8s/moorage/internal/upstream"
)

var ephemeralCSIUnsupportedRule = Rule{
	ID:          "ephemeral-csi-unsupported",
	Summary:     "An inline CSI volume uses a driver that does not support ephemeral volumes.",
	Kinds:       podKinds,
	Action:      Deny,
	Symptom:     "MountVolume.SetUp failed: " + fmt.Sprintf(upstream.ModeNotSupported, storagev1.VolumeLifecycleEphemeral, "…"),
	Remediation: "use a claim, or an ephemeral volume with a volumeClaimTemplate",
	NeedsLookup: true,
	Check:       ephemeralCSIUnsupported,
}

// ephemeralCSIUnsupported fires on inline volumes of a driver that has none. The kubelet asks its CSIDriver object
// (pkg/volume/csi, supportsVolumeLifecycleMode), which may not be there yet, or out of sight: then the catalog is asked.
func ephemeralCSIUnsupported(in *Input) []Finding {
	spec, path := podSpecOf(in.Object)
	if spec == nil {
		return nil
	}
	var found []Finding
	for i := range spec.Volumes {
		v := &spec.Volumes[i]
		if v.CSI == nil {
			continue
		}
		if !lacksInline(in, v.CSI.Driver) {
			continue
		}
		found = append(found, Finding{
			Path:    path.Child("volumes").Index(i).Child("csi"),
			Message: fmt.Sprintf("volume %q: driver %s does not support inline volumes", v.Name, v.CSI.Driver),
			Symptom: "the pod stays in ContainerCreating: " + fmt.Sprintf(upstream.ModeNotSupported, storagev1.VolumeLifecycleEphemeral, v.CSI.Driver),
		})
	}
	return found
}

// lacksInline says that a driver is known to have no inline volumes.
func lacksInline(in *Input, driver string) bool {
	if in.Lookup != nil {
		if object, ok := in.Lookup.CSIDriver(driver); ok {
			return !slices.Contains(object.Spec.VolumeLifecycleModes, storagev1.VolumeLifecycleEphemeral)
		}
	}
	row, ok := in.Catalog.Driver(driver)
	return ok && row.Ephemeral == catalog.Unsupported
}
