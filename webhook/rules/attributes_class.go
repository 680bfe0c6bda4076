// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
)

var attributesClassDriverRule = Rule{
	ID:          "attributes-class-driver",
	Summary:     "A claim's VolumeAttributesClass belongs to another driver than its volume.",
	Kinds:       claimKinds,
	Action:      Deny,
	Symptom:     "ProvisioningFailed 'VAC … referenced in PVC is for driver … which does not match driver name …'",
	Remediation: "use a VolumeAttributesClass of the driver that serves the claim",
	NeedsLookup: true,
	Check:       attributesClassDriver,
}

// attributesClassDriver fires where a driver is asked to apply the parameters of another.
func attributesClassDriver(in *Input) []Finding {
	if in.Lookup == nil {
		return nil
	}
	var found []Finding
	eachClaim(in.Object, func(c claim) {
		if c.spec.VolumeAttributesClassName == nil {
			return
		}
		attributes := in.Lookup.AttributesClass(*c.spec.VolumeAttributesClassName)
		if attributes == nil {
			return
		}
		driver := ""
		if c.spec.VolumeName != "" {
			driver = driverOfVolume(in.Lookup.Volume(c.spec.VolumeName))
		} else if class, ok := c.provisionedFrom(in); ok {
			driver = class.Driver
		}
		if driver == "" || driver == attributes.Driver {
			return
		}
		found = append(found, Finding{
			Path: c.path.Child("volumeAttributesClassName"),
			Message: fmt.Sprintf("%sVolumeAttributesClass %q is of %s, and the claim's volume of %s", c.origin, attributes.Name,
				attributes.Driver, driver),
			Remediation: "use a VolumeAttributesClass of " + driver,
		})
	})
	return found
}
