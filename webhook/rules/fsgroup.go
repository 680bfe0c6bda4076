// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/moorage-k8s/moorage/topology"
)

// mountGroupDrivers take the fsGroup themselves when they mount (the node capability VOLUME_MOUNT_GROUP), whatever their
// policy says. The API does not tell who does.
var mountGroupDrivers = map[string]bool{
	"file.csi.azure.com": true, "blob.csi.azure.com": true, "smb.csi.k8s.io": true, "gcsfuse.csi.storage.gke.io": true,
}

var fsGroupSkippedRule = Rule{
	ID:          "fsgroup-skipped",
	Summary:     "A pod has an fsGroup that the kubelet does not apply to one of its volumes.",
	Kinds:       podKinds,
	Action:      Warn,
	Symptom:     "permission denied in a container that runs as another user",
	Remediation: "run as the user or group that owns the files, or set fsType on the volume",
	NeedsLookup: true,
	Check:       fsGroupSkipped,
}

// fsGroupSkipped fires where the kubelet does not give a volume's files to the pod's fsGroup (pkg/volume/csi,
// supportsFSGroup). It speaks of bound CSI volumes, whose file system and modes are known, and of NFS and hostPath volumes, whose plugins
// do not manage ownership (pkg/volume/nfs/nfs.go and hostpath/host_path.go, GetAttributes).
func fsGroupSkipped(in *Input) []Finding {
	spec, path := podSpecOf(in.Object)
	if spec == nil || spec.SecurityContext == nil || spec.SecurityContext.FSGroup == nil {
		return nil
	}
	group := *spec.SecurityContext.FSGroup
	found := unmanagedSources(in, spec, path, group)
	if in.Lookup == nil {
		return found
	}
	for _, v := range claimVolumes(in) {
		if v.claim == nil || v.claim.VolumeName == "" || v.claim.Block {
			continue
		}
		pv := in.Lookup.Volume(v.claim.VolumeName)
		if pv != nil && (pv.Source == "nfs" || pv.Source == "hostPath") && !v.readOnly {
			found = append(found, Finding{
				Path:        v.path,
				Message:     fmt.Sprintf("volume %q does not get fsGroup %d: %s volumes keep the owners that their files have", v.name, group, pv.Source),
				Remediation: "give the directory to the group on its server or host, or run as the user that owns it",
			})
			continue
		}
		if pv == nil || pv.Driver == "" || mountGroupDrivers[pv.Driver] {
			continue
		}
		driver, ok := in.Lookup.CSIDriver(pv.Driver)
		if !ok {
			continue
		}
		if why := skipsFSGroup(driver, pv, v.readOnly); why != "" {
			found = append(found, Finding{
				Path:    v.path,
				Message: fmt.Sprintf("volume %q does not get fsGroup %d: %s", v.name, group, why),
			})
		}
	}
	return found
}

// unmanagedSources are the NFS and hostPath volumes of the pod itself that some container which need not be root writes to.
func unmanagedSources(in *Input, spec *corev1.PodSpec, path *field.Path, group int64) []Finding {
	written := map[string]bool{}
	eachMount(in.Object, func(m mount) {
		if m.volume != nil && (m.volume.NFS != nil && !m.volume.NFS.ReadOnly || m.volume.HostPath != nil) && !m.ReadOnly && !m.container.root(spec) && !m.hostFile() {
			written[m.Name] = true
		}
	})
	var found []Finding
	for i := range spec.Volumes {
		v := &spec.Volumes[i]
		if !written[v.Name] {
			continue
		}
		source := "hostPath"
		if v.NFS != nil {
			source = "nfs"
		}
		found = append(found, Finding{
			Path:        path.Child("volumes").Index(i).Child(source),
			Message:     fmt.Sprintf("volume %q does not get fsGroup %d: %s volumes keep the owners that their files have", v.Name, group, source),
			Remediation: "give the directory to the group on its server or host, or run as the user that owns it",
		})
	}
	return found
}

// root says that a container certainly runs as root.
func (c container) root(spec *corev1.PodSpec) bool {
	user := spec.SecurityContext.RunAsUser
	if c.SecurityContext != nil && c.SecurityContext.RunAsUser != nil {
		user = c.SecurityContext.RunAsUser
	}
	return c.privileged() || (user != nil && *user == 0)
}

// skipsFSGroup says why, or nothing.
func skipsFSGroup(driver *storagev1.CSIDriver, pv *topology.Volume, readOnly bool) string {
	policy := storagev1.ReadWriteOnceWithFSTypeFSGroupPolicy
	if driver.Spec.FSGroupPolicy != nil {
		policy = *driver.Spec.FSGroupPolicy
	}
	switch {
	case policy == storagev1.NoneFSGroupPolicy:
		return fmt.Sprintf("driver %s has fsGroupPolicy None", driver.Name)
	case readOnly || pv.ReadOnly:
		return "it is read-only"
	case policy == storagev1.FileFSGroupPolicy:
		return ""
	case pv.FSType == "":
		return fmt.Sprintf("driver %s has fsGroupPolicy %s, and the volume no fsType", driver.Name, policy)
	case !pv.AccessModes.Has(topology.ReadWriteOnce) && !pv.AccessModes.Has(topology.ReadWriteOncePod):
		return fmt.Sprintf("driver %s has fsGroupPolicy %s, and the volume is not %s", driver.Name, policy, corev1.ReadWriteOnce)
	}
	return ""
}
