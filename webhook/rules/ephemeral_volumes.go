// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/moorage-k8s/moorage/internal/upstream"
	"github.com/moorage-k8s/moorage/webhook/suggest"
)

var emptyDirMemoryUnboundedRule = Rule{
	ID:          "emptydir-memory-unbounded",
	Summary:     "A memory volume has no sizeLimit, and a container that writes to it no memory limit.",
	Kinds:       podKinds,
	Action:      Warn,
	Symptom:     "the node runs out of memory, and other pods are killed or evicted",
	Remediation: "set emptyDir.sizeLimit, or a memory limit on the container",
	Check:       emptyDirMemoryUnbounded,
}

// emptyDirMemoryUnbounded fires on memory volumes that nothing bounds but the node's memory. What a container writes there
// counts against its own memory limit; a limit of the pod bounds the volume itself (pkg/volume/emptydir,
// calculateEmptyDirMemorySize).
func emptyDirMemoryUnbounded(in *Input) []Finding {
	spec, path := podSpecOf(in.Object)
	if spec == nil || (spec.Resources != nil && limitsMemory(spec.Resources)) {
		return nil
	}
	unlimited := map[string][]string{}
	small := map[string]bool{}
	eachMount(in.Object, func(m mount) {
		// Ephemeral containers cannot have limits.
		if m.ReadOnly || m.container.list == "ephemeralContainers" || limitsMemory(&m.container.Resources) {
			return
		}
		unlimited[m.Name] = append(unlimited[m.Name], m.container.Name)
		small[m.Name] = small[m.Name] || holdsLittle(m.Name) || holdsLittle(m.MountPath)
	})
	var found []Finding
	for i := range spec.Volumes {
		v := &spec.Volumes[i]
		if v.EmptyDir == nil || v.EmptyDir.Medium != corev1.StorageMediumMemory || len(unlimited[v.Name]) == 0 {
			continue
		}
		if limit := v.EmptyDir.SizeLimit; limit != nil && limit.Sign() > 0 {
			continue
		}
		f := Finding{
			Path:    path.Child("volumes").Index(i).Child("emptyDir"),
			Message: fmt.Sprintf("memory volume %q has no sizeLimit, and container %q, which writes to it, no memory limit", v.Name, unlimited[v.Name][0]),
		}
		if others := slices.Compact(unlimited[v.Name][1:]); len(others) > 0 {
			f.Message += fmt.Sprintf("; nor have %d others", len(others))
		}
		if small[v.Name] {
			f.Action = Audit
		}
		found = append(found, f)
	}
	return found
}

// littleWords are in the names and mount paths of directories for keys, certificates and sockets, which are in memory so that they are
// never on a disk, and never grow.
var littleWords = []string{"key", "cert", "secret", "token", "tls", "cred", "sock", "identity", "/csi"}

func holdsLittle(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(littleWords, func(w string) bool { return strings.Contains(name, w) })
}

func limitsMemory(r *corev1.ResourceRequirements) bool {
	limit, ok := r.Limits[corev1.ResourceMemory]
	return ok && limit.Sign() > 0
}

var emptyDirMemoryAboveLimitRule = Rule{
	ID:          "emptydir-memory-above-limit",
	Summary:     "A memory volume may become larger than the memory of a container that writes to it, or of the pod.",
	Kinds:       podKinds,
	Action:      Warn,
	Symptom:     "OOMKilled: what a container writes there counts as its memory, and it is killed long before the volume is full",
	Remediation: "lower emptyDir.sizeLimit, or raise the memory limit to what the volume and the program need together",
	See:         []string{"https://github.com/kubernetes/website/issues/36494", "https://github.com/kubernetes/website/issues/36453"},
	Check:       emptyDirMemoryAboveLimit,
}

// emptyDirMemoryAboveLimit fires on memory volumes that a container cannot fill. The pages belong to the container that writes them.
func emptyDirMemoryAboveLimit(in *Input) []Finding {
	spec, path := podSpecOf(in.Object)
	if spec == nil || !slices.ContainsFunc(spec.Volumes, func(v corev1.Volume) bool { return memoryLimitOf(&v) != nil }) {
		return nil
	}
	told := map[int]bool{}
	var found []Finding
	tell := func(volume int, who string, limit resource.Quantity) {
		v := &spec.Volumes[volume]
		told[volume] = true
		found = append(found, Finding{
			Path:    path.Child("volumes").Index(volume).Child("emptyDir", "sizeLimit"),
			Message: fmt.Sprintf("memory volume %q may hold %s, and %s has a memory limit of %s", v.Name, v.EmptyDir.SizeLimit, who, limit.String()),
		})
	}
	eachMount(in.Object, func(m mount) {
		if m.volume == nil || m.ReadOnly || told[m.volumeIndex] || memoryLimitOf(m.volume) == nil {
			return
		}
		of, ok := m.container.Resources.Limits[corev1.ResourceMemory]
		if ok && of.Sign() > 0 && memoryLimitOf(m.volume).Cmp(of) > 0 {
			tell(m.volumeIndex, fmt.Sprintf("container %q, which writes to it,", m.container.Name), of)
			return
		}
		if spec.Resources != nil && limitsMemory(spec.Resources) {
			if of = spec.Resources.Limits[corev1.ResourceMemory]; memoryLimitOf(m.volume).Cmp(of) > 0 {
				tell(m.volumeIndex, "the pod", of)
			}
		}
	})
	return found
}

// memoryLimitOf is the size of a volume in memory that has one; nil for any other volume.
func memoryLimitOf(v *corev1.Volume) *resource.Quantity {
	if v.EmptyDir == nil || v.EmptyDir.Medium != corev1.StorageMediumMemory || v.EmptyDir.SizeLimit == nil || v.EmptyDir.SizeLimit.Sign() <= 0 {
		return nil
	}
	return v.EmptyDir.SizeLimit
}

var emptyDirDiskUnboundedRule = Rule{
	ID:          "emptydir-disk-unbounded",
	Summary:     "A volume on the node's disk has no sizeLimit, and no container of the pod an ephemeral-storage limit.",
	Kinds:       podKinds,
	Action:      Audit,
	Symptom:     "the node's disk fills up (DiskPressure), and other pods are evicted",
	Remediation: "set emptyDir.sizeLimit, or an ephemeral-storage limit on the containers",
	See:         []string{"https://github.com/kubernetes/kubernetes/issues/91600", "https://github.com/cruise-automation/k-rail/issues/36"},
	Check:       emptyDirDiskUnbounded,
}

// emptyDirDiskUnbounded fires on volumes that nothing bounds but the node's disk. The limits of containers bound what the pod has on the disk in
// all, its volumes included (pkg/kubelet/eviction, podEphemeralStorageLimitEviction).
func emptyDirDiskUnbounded(in *Input) []Finding {
	spec, path := podSpecOf(in.Object)
	if spec == nil || !slices.ContainsFunc(spec.Volumes, func(v corev1.Volume) bool { return onDiskUnbounded(&v) }) {
		return nil
	}
	for i := range spec.Containers {
		if limit, ok := spec.Containers[i].Resources.Limits[corev1.ResourceEphemeralStorage]; ok && limit.Sign() > 0 {
			return nil
		}
	}
	written := map[int]bool{}
	eachMount(in.Object, func(m mount) {
		if m.volume != nil && !m.ReadOnly {
			written[m.volumeIndex] = true
		}
	})
	var found []Finding
	for i := range spec.Volumes {
		if written[i] && onDiskUnbounded(&spec.Volumes[i]) {
			found = append(found, Finding{
				Path:    path.Child("volumes").Index(i).Child("emptyDir"),
				Message: fmt.Sprintf("volume %q on the node's disk has no sizeLimit, and no container an ephemeral-storage limit", spec.Volumes[i].Name),
			})
		}
	}
	return found
}

func onDiskUnbounded(v *corev1.Volume) bool {
	return v.EmptyDir != nil && v.EmptyDir.Medium == corev1.StorageMediumDefault && (v.EmptyDir.SizeLimit == nil || v.EmptyDir.SizeLimit.Sign() <= 0)
}

var emptyDirMediumUnknownRule = Rule{
	ID:          "emptydir-medium-unknown",
	Summary:     "An emptyDir has a medium that the kubelet does not know.",
	Kinds:       podKinds,
	Action:      Deny,
	Symptom:     "the pod stays in ContainerCreating: the kubelet cannot set up the volume",
	Remediation: "use Memory, HugePages, HugePages-SIZE, or no medium for the node's disk",
	Check:       emptyDirMediumUnknown,
}

// emptyDirMediumUnknown fires on a medium that the kubelet refuses (pkg/volume/emptydir, SetUpAt). The API server takes any.
func emptyDirMediumUnknown(in *Input) []Finding {
	spec, path := podSpecOf(in.Object)
	if spec == nil {
		return nil
	}
	var found []Finding
	for i := range spec.Volumes {
		v := &spec.Volumes[i]
		if v.EmptyDir == nil {
			continue
		}
		medium := v.EmptyDir.Medium
		f := Finding{Path: path.Child("volumes").Index(i).Child("emptyDir", "medium")}
		size, sized := strings.CutPrefix(string(medium), string(corev1.StorageMediumHugePagesPrefix))
		switch {
		case medium == corev1.StorageMediumDefault, medium == corev1.StorageMediumMemory, medium == corev1.StorageMediumHugePages:
			continue
		case sized:
			if _, err := resource.ParseQuantity(size); err == nil {
				continue
			}
			f.Message = fmt.Sprintf("volume %q: medium %q is not of a size such as HugePages-2Mi", v.Name, medium)
		default:
			f.Message = fmt.Sprintf("volume %q: medium %q is not known", v.Name, medium)
			f.Symptom = "the pod stays in ContainerCreating: " + fmt.Sprintf(upstream.UnknownMedium, medium)
			if near := suggest.Nearest(string(medium), []string{"Memory", "HugePages"}); len(near) > 0 {
				f.Message += "; did you mean " + near[0] + "?"
			}
		}
		found = append(found, f)
	}
	return found
}
