// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/moorage-k8s/moorage/catalog"
	"github.com/moorage-k8s/moorage/topology"
)

var accessModeSingleNodeSharedRule = Rule{
	ID:          "access-mode-single-node-shared",
	Summary:     "A hostPath or local PersistentVolume claims to be shared between nodes.",
	Kinds:       []Kind{PersistentVolume},
	Action:      Warn,
	Symptom:     "no error at all: pods on different nodes see different data",
	Remediation: "use ReadWriteOnce, or a volume that the nodes can share",
	Check:       accessModeSingleNodeShared,
}

// accessModeSingleNodeShared fires on volumes of a node's own directory that claim to be shared between nodes. One that a
// provisioner made is left out: it may be configured with a directory that the nodes share.
func accessModeSingleNodeShared(in *Input) []Finding {
	pv, ok := in.Object.(*corev1.PersistentVolume)
	if !ok || pv.Annotations[provisionedBy] != "" {
		return nil
	}
	source := topology.SourceField(&pv.Spec.PersistentVolumeSource)
	if source != "hostPath" && source != "local" {
		return nil
	}
	var found []Finding
	for i, mode := range pv.Spec.AccessModes {
		if mode == corev1.ReadWriteMany || mode == corev1.ReadOnlyMany {
			found = append(found, Finding{
				Path:    field.NewPath("spec", "accessModes").Index(i),
				Message: fmt.Sprintf("%s for a %s volume, which is a directory of one node", mode, source),
			})
		}
	}
	return found
}

var accessModeCSIMixedRule = Rule{
	ID:          "access-mode-csi-mixed",
	Summary:     "A CSI PersistentVolume has several access modes; CSI takes only one.",
	Kinds:       []Kind{PersistentVolume},
	Action:      Warn,
	Symptom:     `FailedAttachVolume "CSI does not support ReadOnlyMany and ReadWriteOnce on the same PersistentVolume"`,
	Remediation: "give the volume the one access mode that it is used with",
	Check:       accessModeCSIMixed,
}

// accessModeCSIMixed fires on CSI volumes with several modes. CSI knows one for each volume: the attacher chooses by a table
// (csi-lib-utils, accessmodes), the kubelet takes the first (pkg/volume/csi).
func accessModeCSIMixed(in *Input) []Finding {
	pv, ok := in.Object.(*corev1.PersistentVolume)
	if !ok || pv.Spec.CSI == nil {
		return nil
	}
	modes := pv.Spec.AccessModes
	has := func(m corev1.PersistentVolumeAccessMode) bool { return slices.Contains(modes, m) }
	several := slices.ContainsFunc(modes, func(m corev1.PersistentVolumeAccessMode) bool { return m != modes[0] })
	f := Finding{Path: field.NewPath("spec", "accessModes")}
	switch {
	case !several || has(corev1.ReadWriteOncePod):
		// The API server refuses ReadWriteOncePod with others.
		return nil
	case has(corev1.ReadWriteOnce) && has(corev1.ReadOnlyMany) && !has(corev1.ReadWriteMany):
		f.Message = "ReadWriteOnce and ReadOnlyMany together: no CSI volume can be both"
	default:
		f.Message = fmt.Sprintf("several access modes (%s): the kubelet asks the driver for the first, %s", join(modes), modes[0])
		f.Symptom = "no error at all: the volume is attached for one mode and mounted for another"
	}
	return []Finding{f}
}

var accessModeROXNeedsSourceRule = Rule{
	ID:          "access-mode-rox-needs-source",
	Summary:     "A ReadOnlyMany claim has no data source, and its driver serves that mode only with one.",
	Kinds:       claimKinds,
	Action:      Warn,
	Symptom:     "ProvisioningFailed; the claim and its pod stay Pending forever",
	Remediation: "set dataSource to a VolumeSnapshot or claim that has the data, or claim an existing volume by volumeName",
	NeedsLookup: true,
	Check:       accessModeROXNeedsSource,
}

// accessModeROXNeedsSource fires on ReadOnlyMany claims without the data that the driver wants to be read.
func accessModeROXNeedsSource(in *Input) []Finding {
	var found []Finding
	eachClaim(in.Object, func(c claim) {
		class, ok := c.dynamicClass(in.Lookup)
		if !ok || c.spec.DataSource != nil || c.spec.DataSourceRef != nil {
			return
		}
		driver, ok := in.Catalog.Driver(class.Provisioner)
		if !ok {
			return
		}
		for i, mode := range c.spec.AccessModes {
			support, needs := driver.Mode(c.volumeMode(), mode)
			if support == catalog.Conditional && needs.Kind == catalog.NeedsDataSource && (needs.Unless == nil || !needs.Unless.Holds(class.Parameters)) {
				found = append(found, Finding{
					Path:    c.path.Child("accessModes").Index(i),
					Message: fmt.Sprintf("%s%s (class %q) serves %s only %s", c.origin, class.Provisioner, class.Name, mode, needs.Text),
				})
			}
		}
	})
	return found
}
