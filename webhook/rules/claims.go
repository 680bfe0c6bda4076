// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/moorage-k8s/moorage/topology"
)

// claim is a claim's spec, wherever it was written.
type claim struct {
	annotations map[string]string
	spec        *corev1.PersistentVolumeClaimSpec
	path        *field.Path
	// meta is the path of its metadata.
	meta *field.Path
	// origin is empty for a claim of its own, else how a message names the template, with a colon and a space.
	origin string
}

// eachClaim visits a claim, a StatefulSet's volumeClaimTemplates, and the templates of a pod spec's ephemeral volumes.
func eachClaim(obj runtime.Object, visit func(claim)) {
	switch o := obj.(type) {
	case *corev1.PersistentVolumeClaim:
		visit(claim{o.Annotations, &o.Spec, field.NewPath("spec"), field.NewPath("metadata"), ""})
	case *appsv1.StatefulSet:
		for i := range o.Spec.VolumeClaimTemplates {
			t := &o.Spec.VolumeClaimTemplates[i]
			path := field.NewPath("spec", "volumeClaimTemplates").Index(i)
			visit(claim{t.Annotations, &t.Spec, path.Child("spec"), path.Child("metadata"), fmt.Sprintf("claim template %q: ", t.Name)})
		}
	}
	spec, path := podSpecOf(obj)
	if spec == nil {
		return
	}
	for i := range spec.Volumes {
		v := &spec.Volumes[i]
		if v.Ephemeral == nil || v.Ephemeral.VolumeClaimTemplate == nil {
			continue
		}
		t := v.Ephemeral.VolumeClaimTemplate
		at := path.Child("volumes").Index(i).Child("ephemeral", "volumeClaimTemplate")
		visit(claim{t.Annotations, &t.Spec, at.Child("spec"), at.Child("metadata"), fmt.Sprintf("ephemeral volume %q: ", v.Name)})
	}
}

func (c claim) volumeMode() corev1.PersistentVolumeMode { return volumeModeOf(c.spec.VolumeMode) }

func volumeModeOf(mode *corev1.PersistentVolumeMode) corev1.PersistentVolumeMode {
	if mode == nil {
		return corev1.PersistentVolumeFilesystem
	}
	return *mode
}

// className returns the class that the volume controllers would use: the beta annotation wins over the field
// (k8s.io/component-helpers/storage/volume). It is empty if there is none.
func (c claim) className() string {
	if name, ok := c.annotations[corev1.BetaStorageClassAnnotation]; ok {
		return name
	}
	if c.spec.StorageClassName == nil {
		return ""
	}
	return *c.spec.StorageClassName
}

// dynamicClass returns the class that a new volume for the claim would be provisioned from. There is none if the claim can
// only be served by a volume that exists (it names one, or selects by label), or if its class is not known. A class that a
// template leaves to the cluster's default is not known either: the default may be another by the time the claim is made,
// and the claim itself is checked then.
func (c claim) dynamicClass(lookup *topology.Snapshot) (*storagev1.StorageClass, bool) {
	name := c.className()
	if lookup == nil || name == "" || c.spec.VolumeName != "" || c.spec.Selector != nil {
		return nil, false
	}
	return lookup.StorageClass(name)
}
