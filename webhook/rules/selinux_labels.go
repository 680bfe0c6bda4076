// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"cmp"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/moorage-k8s/moorage/topology"
)

var selinuxLabelConflictRule = Rule{
	ID: "selinux-label-conflict",
	Summary: "Two workloads of the same files use one claim with different SELinux labels: since Kubernetes 1.37 a volume is mounted with the label of its " +
		"pod, and only one of them can start on a node.",
	Kinds:       podKinds,
	Action:      Warn,
	Symptom:     "conflicting SELinux labels of volume: the pod that comes second on a node stays in ContainerCreating",
	Remediation: "give the pods the same seLinuxOptions, or set securityContext.seLinuxChangePolicy: Recursive on all of them",
	See: []string{
		"https://github.com/kubernetes/enhancements/tree/master/keps/sig-storage/1710-selinux-relabeling",
		"https://kubernetes.io/docs/tasks/configure-pod-container/security-context/#selinux-volume-relabeling",
	},
	NeedsLookup: true,
	FilesOnly:   true,
	Check:       selinuxLabelConflict,
}

// selinuxLabelConflict fires on the second of two workloads, by name, whose labels for a claim differ, as the SELinux warning controller compares them
// (pkg/controller/volume/selinuxwarning/translator); what is left open may be filled in alike. Where the claim's driver is not known, the message says
// on what it depends.
func selinuxLabelConflict(in *Input) []Finding {
	if in.Beside == nil || in.Lookup == nil {
		return nil
	}
	o, ok := in.Object.(interface{ GetName() string })
	if !ok {
		return nil
	}
	self := claimUser{in.Kind, o.GetName()}
	var found []Finding
	usesOf(in.Object, self, func(name string, own claimUse) {
		key := topology.Key{Namespace: in.Namespace, Name: name}
		for _, other := range in.Beside.otherUses(key, self) {
			if self.compare(other.claimUser) < 0 || (own.relabels && other.relabels) || !labelsConflict(&own.label, &other.label) {
				continue
			}
			mounts, known := mountsWithLabel(in, key)
			if known && !mounts {
				return
			}
			f := Finding{
				Path: labelPath(in.Object),
				Message: fmt.Sprintf("claim %q is mounted with SELinux label %s here and %s by %s %q", name, labelText(&own.label), labelText(&other.label),
					other.kind, other.name),
			}
			if !known {
				f.Message += ", which matters if its driver has seLinuxMount"
			}
			found = append(found, f)
			return
		}
	})
	return found
}

// labelOf is the SELinux label of the first container that mounts a volume and has one: a container's own takes the place of its pod's.
func labelOf(o runtime.Object, volume string) corev1.SELinuxOptions {
	var label corev1.SELinuxOptions
	eachMount(o, func(m mount) {
		if m.Name != volume || label != (corev1.SELinuxOptions{}) {
			return
		}
		if s := m.container.SecurityContext; s != nil && s.SELinuxOptions != nil {
			label = *s.SELinuxOptions
		} else if s := m.spec.SecurityContext; s != nil && s.SELinuxOptions != nil {
			label = *s.SELinuxOptions
		}
	})
	return label
}

func labelsConflict(a, b *corev1.SELinuxOptions) bool {
	differ := func(a, b string) bool { return a != "" && b != "" && a != b }
	return differ(a.User, b.User) || differ(a.Role, b.Role) || differ(a.Type, b.Type) || differ(a.Level, b.Level)
}

func labelText(l *corev1.SELinuxOptions) string {
	var parts []string
	for _, part := range []string{l.User, l.Role, l.Type, l.Level} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return fmt.Sprintf("%q", strings.Join(parts, ":"))
}

// labelPath is where the pod's label is written; a container may have one of its own.
func labelPath(o runtime.Object) *field.Path {
	spec, path := podSpecOf(o)
	if s := spec.SecurityContext; s != nil && s.SELinuxOptions != nil {
		return path.Child("securityContext", "seLinuxOptions")
	}
	var at *field.Path
	eachContainer(o, func(_ *corev1.PodSpec, c container) {
		if at == nil && c.SecurityContext != nil && c.SecurityContext.SELinuxOptions != nil {
			at = c.path().Child("securityContext", "seLinuxOptions")
		}
	})
	return at
}

// mountsWithLabel reports whether the kubelet mounts a claim's volume with a label: CSI volumes if their driver's CSIDriver has seLinuxMount, and of the
// sources in the tree iscsi and fc (SupportsSELinuxContextMount).
func mountsWithLabel(in *Input, key topology.Key) (mounts, known bool) {
	c := in.Lookup.Claim(key.Namespace, key.Name)
	if c == nil {
		return false, false
	}
	if c.Block {
		return false, true
	}
	var driver string
	if c.VolumeName != "" {
		pv := in.Lookup.Volume(c.VolumeName)
		if pv == nil {
			return false, false
		}
		if pv.Source != "csi" && pv.Source != "" && pv.Driver == "" {
			return pv.Source == "iscsi" || pv.Source == "fc", true
		}
		driver = pv.Driver
	} else if class, ok := in.Lookup.StorageClass(c.Class); ok {
		driver = class.Provisioner
	}
	object, ok := in.Lookup.CSIDriver(cmp.Or(driver, "-"))
	if !ok {
		return false, false
	}
	return object.Spec.SELinuxMount != nil && *object.Spec.SELinuxMount, true
}
