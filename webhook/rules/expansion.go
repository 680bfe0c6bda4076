// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/moorage-k8s/moorage/catalog"
)

var expansionUnsupportedRule = Rule{
	ID:          "expansion-unsupported",
	Summary:     "A class allows expansion, and its driver cannot expand volumes.",
	Kinds:       []Kind{StorageClass},
	Action:      Warn,
	Symptom:     "an expanded claim stays at its old capacity, with the event ExternalExpanding or VolumeResizeFailed",
	Remediation: "leave out allowVolumeExpansion, so that the API server rejects the expansion of a claim",
	Check:       expansionUnsupported,
}

// expansionUnsupported believes the catalog: drivers do not say so themselves in any object.
func expansionUnsupported(in *Input) []Finding {
	class, ok := in.Object.(*storagev1.StorageClass)
	if !ok || class.AllowVolumeExpansion == nil || !*class.AllowVolumeExpansion {
		return nil
	}
	driver, known := in.Catalog.Driver(class.Provisioner)
	if !known || driver.Expansion != catalog.Unsupported {
		return nil
	}
	return []Finding{{
		Path:    field.NewPath("allowVolumeExpansion"),
		Message: fmt.Sprintf("%s cannot expand volumes", class.Provisioner),
	}}
}
