// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/moorage-k8s/moorage/catalog"
	"github.com/moorage-k8s/moorage/internal/upstream"
	"github.com/moorage-k8s/moorage/topology"
)

var volumeModeMismatchRule = Rule{
	ID:          "volume-mode-mismatch",
	Summary:     "A Block volume is mounted or a Filesystem volume used as a device, or a Block volume is requested from a driver or source that does not support them.",
	Kinds:       append([]Kind{PersistentVolume}, claimKinds...),
	Action:      Deny,
	Symptom:     "the pod stays in ContainerCreating, or the claim Pending",
	Remediation: "make volumeMode, and volumeMounts or volumeDevices, agree",
	NeedsLookup: true,
	Check:       volumeModeMismatch,
}

// volumeModeMismatch fires on raw devices where only file systems are served, and on volumes that a container uses as what
// they are not. The kubelet compares the two (pkg/kubelet/volumemanager/populator).
func volumeModeMismatch(in *Input) []Finding {
	if pv, ok := in.Object.(*corev1.PersistentVolume); ok {
		return blockSourceUnsupported(in, pv)
	}
	var found []Finding
	eachClaim(in.Object, func(c claim) {
		if c.volumeMode() != corev1.PersistentVolumeBlock {
			return
		}
		class, ok := c.dynamicClass(in.Lookup)
		if !ok {
			return
		}
		if driver, ok := in.Catalog.Driver(class.Provisioner); ok && driver.Block.Support == catalog.Unsupported {
			found = append(found, Finding{
				Path:        c.path.Child("volumeMode"),
				Message:     fmt.Sprintf("%s%s (class %q) does not support Block volumes", c.origin, class.Provisioner, class.Name),
				Symptom:     "ProvisioningFailed; the claim and its pod stay Pending forever",
				Remediation: "use volumeMode: Filesystem, or a class whose driver supports Block volumes",
			})
		}
	})
	return append(found, misusedVolumes(in)...)
}

// blockSourceUnsupported leaves alone a volume that its driver has just made.
func blockSourceUnsupported(in *Input, pv *corev1.PersistentVolume) []Finding {
	if volumeModeOf(pv.Spec.VolumeMode) != corev1.PersistentVolumeBlock || pv.Annotations[provisionedBy] != "" {
		return nil
	}
	source := topology.SourceField(&pv.Spec.PersistentVolumeSource)
	var served *catalog.Modes
	if driver, ok := in.Catalog.RedirectedSource(source); ok {
		served = driver.Block
	} else if plugin, ok := in.Catalog.Source(source); ok {
		served = plugin.Block
	} else if source == "csi" {
		source = pv.Spec.CSI.Driver
		if driver, ok := in.Catalog.Volume(source, pv.Spec.CSI.VolumeHandle); ok {
			served = driver.Block
		}
	}
	if served == nil || served.Support != catalog.Unsupported {
		return nil
	}
	return []Finding{{
		Path:        field.NewPath("spec", "volumeMode"),
		Message:     source + " does not support Block volumes",
		Symptom:     "the volume is bound, and then MapVolume fails on the node and the pod stays in ContainerCreating",
		Remediation: "use volumeMode: Filesystem",
	}}
}

// misusedVolumes compares how containers use volumes with what these are.
func misusedVolumes(in *Input) []Finding {
	blocks := map[string]bool{}
	for _, v := range claimVolumes(in) {
		if block, known := v.block(); known {
			blocks[v.name] = block
		}
	}
	if len(blocks) == 0 {
		return nil
	}
	var found []Finding
	tell := func(c container, volume, mode, list, other, quoted string, index int) {
		found = append(found, Finding{
			Path:        c.path().Child(list).Index(index).Child("name"),
			Message:     fmt.Sprintf("container %q has volume %q, whose volumeMode is %s, under %s", c.Name, volume, mode, list),
			Symptom:     "the pod stays in ContainerCreating: " + fmt.Sprintf(quoted, volume, mode),
			Remediation: fmt.Sprintf("move it to %s, or recreate the claim with the other volumeMode", other),
		})
	}
	eachContainer(in.Object, func(_ *corev1.PodSpec, c container) {
		for i := range c.VolumeMounts {
			if name := c.VolumeMounts[i].Name; blocks[name] {
				tell(c, name, "Block", "volumeMounts", "volumeDevices", upstream.BlockInVolumeMounts, i)
			}
		}
		for i := range c.VolumeDevices {
			if block, known := blocks[c.VolumeDevices[i].Name]; known && !block {
				tell(c, c.VolumeDevices[i].Name, "Filesystem", "volumeDevices", "volumeMounts", upstream.FileInVolumeDevices, i)
			}
		}
	})
	return found
}
