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
