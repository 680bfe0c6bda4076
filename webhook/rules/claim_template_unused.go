// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var claimTemplateUnusedRule = Rule{
	ID:          "claim-template-unused",
	Summary:     "No container of a StatefulSet mounts one of its volumeClaimTemplates.",
	Kinds:       []Kind{StatefulSet},
	Action:      Warn,
	Symptom:     "no error at all: volumes are provisioned and stay empty, and what was to be kept in them is lost with the pod",
	Remediation: "mount the claim template by its name, or drop it",
	Check:       claimTemplateUnused,
}

func claimTemplateUnused(in *Input) []Finding {
	set, ok := in.Object.(*appsv1.StatefulSet)
	if !ok || len(set.Spec.VolumeClaimTemplates) == 0 {
		return nil
	}
	used := map[string]bool{}
	emptyDir := ""
	eachContainer(set, func(_ *corev1.PodSpec, c container) {
		for i := range c.VolumeMounts {
			used[c.VolumeMounts[i].Name] = true
		}
		for i := range c.VolumeDevices {
			used[c.VolumeDevices[i].Name] = true
		}
	})
	for i := range set.Spec.Template.Spec.Volumes {
		if v := &set.Spec.Template.Spec.Volumes[i]; v.EmptyDir != nil && v.EmptyDir.Medium == "" && used[v.Name] && emptyDir == "" {
			emptyDir = v.Name
		}
	}
	var found []Finding
	for i := range set.Spec.VolumeClaimTemplates {
		name := set.Spec.VolumeClaimTemplates[i].Name
		if name == "" || used[name] {
			continue
		}
		message := fmt.Sprintf("no container mounts claim template %q", name)
		if emptyDir != "" {
			message += fmt.Sprintf("; emptyDir %q is mounted, and lost with the pod", emptyDir)
		}
		found = append(found, Finding{Path: field.NewPath("spec", "volumeClaimTemplates").Index(i).Child("metadata", "name"), Message: message})
	}
	return found
}
