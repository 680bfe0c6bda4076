// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

const (
	betaZone   = corev1.LabelFailureDomainBetaZone
	betaRegion = corev1.LabelFailureDomainBetaRegion
)

var pluginDeprecatedFieldRule = Rule{
	ID:          "plugin-deprecated-field",
	Summary:     "An annotation, label or reclaim policy that has been replaced; denied where it contradicts its replacement.",
	Kinds:       append([]Kind{PersistentVolume}, claimKinds...),
	Action:      Warn,
	Symptom:     "it works until a Kubernetes release drops it",
	Remediation: "use its replacement",
	Check:       pluginDeprecatedField,
}

// pluginDeprecatedField fires on annotations, labels and values that a field or another label has taken the place of. Where
// annotation and field say different things, the annotation wins, unseen.
func pluginDeprecatedField(in *Input) []Finding {
	if pv, ok := in.Object.(*corev1.PersistentVolume); ok {
		return volumeDeprecated(in, pv)
	}
	var found []Finding
	eachClaim(in.Object, func(c claim) {
		at := c.meta.Child("annotations")
		if class, ok := c.annotations[corev1.BetaStorageClassAnnotation]; ok {
			f := Finding{
				Path:        at.Key(corev1.BetaStorageClassAnnotation),
				Message:     fmt.Sprintf("%sthe class is named by an annotation, %s", c.origin, corev1.BetaStorageClassAnnotation),
				Remediation: fmt.Sprintf("set storageClassName: %s and drop the annotation", class),
			}
			switch {
			case c.spec.StorageClassName != nil && *c.spec.StorageClassName != class:
				f.Action = Deny
				f.Message = fmt.Sprintf("%sannotation %s says class %q, storageClassName %q", c.origin, corev1.BetaStorageClassAnnotation, class, *c.spec.StorageClassName)
				f.Symptom = "no error at all: the annotation wins"
			case c.origin == "":
				f.Action = apiWarnsToo(in)
			}
			found = append(found, f)
		}
	})
	return found
}

// apiWarnsToo is the action for what the API server itself warns of: one warning is enough, and in files there is none.
func apiWarnsToo(in *Input) Action {
	if in.AsWritten {
		return Warn
	}
	return Audit
}

func volumeDeprecated(in *Input, pv *corev1.PersistentVolume) []Finding {
	var found []Finding
	annotations := field.NewPath("metadata", "annotations")
	if class, ok := pv.Annotations[corev1.BetaStorageClassAnnotation]; ok {
		f := Finding{
			Path: annotations.Key(corev1.BetaStorageClassAnnotation), Action: apiWarnsToo(in),
			Message:     "the class is named by an annotation, " + corev1.BetaStorageClassAnnotation,
			Remediation: fmt.Sprintf("set storageClassName: %s and drop the annotation", class),
		}
		if pv.Spec.StorageClassName != "" && pv.Spec.StorageClassName != class {
			f.Action = Deny
			f.Message = fmt.Sprintf("annotation %s says class %q, storageClassName %q", corev1.BetaStorageClassAnnotation, class, pv.Spec.StorageClassName)
			f.Symptom = "no error at all: the annotation wins"
		}
		found = append(found, f)
	}
	if options, ok := pv.Annotations[corev1.MountOptionAnnotation]; ok {
		found = append(found, mountOptionsAnnotated(in, pv, options, annotations.Key(corev1.MountOptionAnnotation)))
	}
	for _, label := range []struct{ beta, stable string }{{betaZone, corev1.LabelTopologyZone}, {betaRegion, corev1.LabelTopologyRegion}} {
		if _, ok := pv.Labels[label.beta]; ok && pv.Annotations[provisionedBy] == "" {
			found = append(found, Finding{
				Path: field.NewPath("metadata", "labels").Key(label.beta), Message: "label " + label.beta + " is deprecated",
				Remediation: "use " + label.stable,
			})
		}
	}
	if pv.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimRecycle {
		found = append(found, Finding{
			Path: field.NewPath("spec", "persistentVolumeReclaimPolicy"), Action: apiWarnsToo(in),
			Message:     "reclaim policy Recycle is deprecated",
			Symptom:     "when the claim is deleted, a pod runs rm -rf on the data, if the plugin supports it at all",
			Remediation: "use Retain, or dynamic provisioning with Delete",
		})
	}
	return found
}

// mountOptionsAnnotated is about the annotation that in-tree plugins read before the field (pkg/volume/util,
// MountOptionFromSpec), and that CSI volumes never read. What is in it is not repeated: it may hold a password.
func mountOptionsAnnotated(in *Input, pv *corev1.PersistentVolume, options string, at *field.Path) Finding {
	f := Finding{Path: at, Remediation: "write them into spec.mountOptions, and drop the annotation"}
	written := strings.Split(options, ",")
	slices.Sort(written)
	fields := slices.Sorted(slices.Values(pv.Spec.MountOptions))
	same := slices.Equal(written, fields)
	switch {
	case pv.Spec.CSI != nil && !same:
		f.Message = fmt.Sprintf("CSI volumes do not read annotation %s", corev1.MountOptionAnnotation)
		f.Symptom = "no error at all: the volume is mounted without these options"
	case len(fields) > 0 && !same:
		f.Action = Deny
		f.Message = fmt.Sprintf("annotation %s and spec.mountOptions say different things", corev1.MountOptionAnnotation)
		f.Symptom = "no error at all: the annotation wins"
	default:
		f.Action = apiWarnsToo(in)
		f.Message = "mount options are in an annotation, " + corev1.MountOptionAnnotation
	}
	return f
}
