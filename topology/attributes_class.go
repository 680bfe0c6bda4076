// SPDX-License-Identifier: Apache-2.0

package topology

import storagev1 "k8s.io/api/storage/v1"

// AttributesClass is a trimmed VolumeAttributesClass. Immutable.
type AttributesClass struct {
	Name, Driver string
}

func attributesClassFromAPI(c *storagev1.VolumeAttributesClass) *AttributesClass {
	return &AttributesClass{Name: shared(c.Name), Driver: shared(c.DriverName)}
}
