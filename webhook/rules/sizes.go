// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// leastSize is the size below which a number was meant with a unit: no file system fits into less.
var leastSize = resource.MustParse("1Mi")

var sizeSuspiciousRule = Rule{
	ID:          "size-suspicious",
	Summary:     "A request for storage or a volume's capacity is below 1 MiB, or a limit is below the request.",
	Kinds:       append([]Kind{PersistentVolume}, claimKinds...),
	Action:      Warn,
	Symptom:     "a volume of the driver's smallest size, or a static volume that no claim fits",
	Remediation: "give the size a unit, such as 10Gi",
	Check:       sizeSuspicious,
}

// sizeSuspicious fires on sizes without a unit, or with m (thousandths) for M, and on a limit below the request.
func sizeSuspicious(in *Input) []Finding {
	var found []Finding
	if pv, ok := in.Object.(*corev1.PersistentVolume); ok {
		if size, ok := pv.Spec.Capacity[corev1.ResourceStorage]; ok {
			found = tooSmall(size, field.NewPath("spec", "capacity").Key("storage"), "the volume's capacity")
		}
		return found
	}
	eachClaim(in.Object, func(c claim) {
		at := c.path.Child("resources")
		request, asked := c.spec.Resources.Requests[corev1.ResourceStorage]
		if asked {
			found = append(found, tooSmall(request, at.Child("requests").Key("storage"), c.origin+"the request for storage")...)
		}
		if limit, ok := c.spec.Resources.Limits[corev1.ResourceStorage]; ok && asked && limit.Cmp(request) < 0 {
			found = append(found, Finding{
				Path:        at.Child("limits").Key("storage"),
				Message:     fmt.Sprintf("%sthe limit %s is below the request %s", c.origin, limit.String(), request.String()),
				Symptom:     "the provisioner rejects the claim, or makes a volume smaller than requested",
				Remediation: "drop the limit, or raise it to the request or more",
			})
		}
	})
	return found
}

// tooSmall is silent about zero and less, which the API server refuses in a claim.
func tooSmall(size resource.Quantity, at *field.Path, what string) []Finding {
	if size.Sign() <= 0 || size.Cmp(leastSize) >= 0 {
		return nil
	}
	return []Finding{{Path: at, Message: fmt.Sprintf("%s is %s, which is %d bytes", what, size.String(), size.Value())}}
}
