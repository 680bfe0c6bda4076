// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/webhook/rules"
)

var classFromBetaAnnotationDefault = Default{
	Name:    "class-from-beta-annotation",
	Summary: "A claim's beta class annotation becomes spec.storageClassName where that is unset.",
	Kinds:   []rules.Kind{rules.PersistentVolumeClaim},
	On:      true,
	Apply:   classFromBetaAnnotation,
}

// classFromBetaAnnotation copies volume.beta.kubernetes.io/storage-class to spec.storageClassName where that is unset, an
// empty value included: it says 'no class' in both places.
//
// DefaultStorageClass admission has run before and counts the annotation as a class
// (plugin/pkg/admission/storage/storageclass/setdefault in kubernetes/kubernetes), so the field is still unset here. The
// volume controllers read the annotation first, so the claim means the same as before; what changes is that everything
// which reads only the field (quotas, policies, dashboards) sees the class as well.
//
// The annotation stays. The API server makes it immutable (ValidatePersistentVolumeClaimUpdate in
// pkg/apis/core/validation), and a user who applies the same manifest again would add it again and be refused.
//
// On an update the field is filled in only if the annotation did not change and the stored class is unset or the same: the
// one change that the API server accepts (validateStorageClassUpgradeFromAnnotation), and what lets `kubectl replace` work
// with a manifest that has only the annotation. A claim that is being deleted is left alone.
func classFromBetaAnnotation(in Input, patch *Patch) error {
	claim, ok := in.Object.(*corev1.PersistentVolumeClaim)
	if !ok {
		return fmt.Errorf("the object is a %T, not a claim", in.Object)
	}
	class, annotated := claim.Annotations[corev1.BetaStorageClassAnnotation]
	if !annotated || claim.Spec.StorageClassName != nil || claim.DeletionTimestamp != nil {
		return nil
	}
	if in.Old != nil {
		old, ok := in.Old.(*corev1.PersistentVolumeClaim)
		if !ok {
			return fmt.Errorf("the old object is a %T, not a claim", in.Old)
		}
		before, was := old.Annotations[corev1.BetaStorageClassAnnotation]
		stored := old.Spec.StorageClassName
		if !was || before != class || (stored != nil && *stored != class) {
			return nil
		}
	}
	return patch.Set(class, "spec", "storageClassName")
}
