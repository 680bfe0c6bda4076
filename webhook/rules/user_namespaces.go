// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/moorage-k8s/moorage/catalog"
)

var usernsNotIDMappedRule = Rule{
	ID:          "userns-not-idmapped",
	Summary:     "A pod with a user namespace of its own (hostUsers: false) mounts a file system, such as NFS, that cannot map user IDs.",
	Kinds:       podKinds,
	Action:      Warn,
	Symptom:     "CreateContainerError: failed to set MOUNT_ATTR_IDMAP (maybe the filesystem used doesn't support idmap mounts on this kernel?)",
	Remediation: "leave hostUsers out, or use a volume on a block device (ext4, XFS)",
	See: []string{
		"https://kubernetes.io/docs/concepts/workloads/pods/user-namespaces/#before-you-begin", "https://github.com/nebius/soperator/issues/1510",
	},
	NeedsLookup: true,
	Check:       usernsNotIDMapped,
}

// usernsNotIDMapped fires on volumes that the container runtime has to mount with an ID mapping, of file systems for which the kernel has none
// (FS_ALLOW_IDMAP).
func usernsNotIDMapped(in *Input) []Finding {
	spec, path := podSpecOf(in.Object)
	if spec == nil || spec.HostUsers == nil || *spec.HostUsers || forWindows(spec) {
		return nil
	}
	mounted := map[string]bool{}
	eachMount(in.Object, func(m mount) { mounted[m.Name] = true })
	var found []Finding
	tell := func(name, what string, at *field.Path) {
		if mounted[name] {
			found = append(found, Finding{
				Path:    at,
				Message: fmt.Sprintf("volume %q is %s, which cannot be mounted with the ID mapping that hostUsers: false needs", name, what),
			})
		}
	}
	for i := range spec.Volumes {
		v := &spec.Volumes[i]
		at := path.Child("volumes").Index(i)
		if v.NFS != nil {
			tell(v.Name, "an NFS share", at.Child("nfs"))
		}
		if v.CSI != nil && notIDMapped(in, v.CSI.Driver) {
			tell(v.Name, "a network file system of "+v.CSI.Driver, at.Child("csi", "driver"))
		}
	}
	if in.Lookup == nil {
		return found
	}
	for _, v := range claimVolumes(in) {
		if what := notIDMappedClaim(in, v); what != "" {
			tell(v.name, what, v.path)
		}
	}
	return found
}

// notIDMapped reports whether the driver's file systems certainly cannot be mapped.
func notIDMapped(in *Input, driver string) bool {
	row, ok := in.Catalog.Driver(driver)
	return ok && row.IDMap == catalog.Unsupported
}

// notIDMappedClaim says what a claim's volume is, if it cannot be mapped.
func notIDMappedClaim(in *Input, v claimVolume) string {
	var class string
	switch {
	case v.template != nil:
		if v.template.volumeMode() == corev1.PersistentVolumeBlock {
			return ""
		}
		of, ok := v.template.dynamicClass(in.Lookup)
		if !ok {
			return ""
		}
		class = of.Name
	case v.claim == nil || v.claim.Block:
		return ""
	case v.claim.VolumeName != "":
		pv := in.Lookup.Volume(v.claim.VolumeName)
		switch {
		case pv == nil:
		case pv.Source == "nfs":
			return "an NFS share"
		case pv.Driver != "" && notIDMapped(in, pv.Driver):
			return "a network file system of " + pv.Driver
		}
		return ""
	default:
		class = v.claim.Class
	}
	if of, ok := in.Lookup.StorageClass(class); ok && notIDMapped(in, of.Provisioner) {
		return "a network file system of " + of.Provisioner
	}
	return ""
}
