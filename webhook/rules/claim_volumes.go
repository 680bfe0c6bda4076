// SPDX-License-Identifier: Apache-2.0

package rules

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/moorage-k8s/moorage/topology"
)

// claimVolume is a volume of a pod spec that comes from a claim.
type claimVolume struct {
	// name is the volume's in the pod.
	name string
	// path is the claim's name in the pod spec, or the spec of its template.
	path     *field.Path
	readOnly bool
	// template is the claim that is to be made for each pod; nil for a claim of a name.
	template *claim
	// claim is the claim of that name. Nil if it is not known.
	claim *topology.Claim
}

// claimVolumes lists the volumes of a pod spec that come from claims. In a StatefulSet a claim template takes the place of a
// volume of its name.
func claimVolumes(in *Input) []claimVolume {
	var volumes []claimVolume
	var taken map[string]bool
	if set, ok := in.Object.(*appsv1.StatefulSet); ok {
		taken = make(map[string]bool, len(set.Spec.VolumeClaimTemplates))
		for i := range set.Spec.VolumeClaimTemplates {
			t := &set.Spec.VolumeClaimTemplates[i]
			taken[t.Name] = true
			at := field.NewPath("spec", "volumeClaimTemplates").Index(i).Child("spec")
			volumes = append(volumes, claimVolume{name: t.Name, path: at, template: &claim{annotations: t.Annotations, spec: &t.Spec, path: at}})
		}
	}
	spec, path := podSpecOf(in.Object)
	if spec == nil {
		return volumes
	}
	for i := range spec.Volumes {
		v := &spec.Volumes[i]
		if v.PersistentVolumeClaim == nil && v.Ephemeral == nil || taken[v.Name] {
			continue
		}
		at := path.Child("volumes").Index(i)
		switch {
		case v.PersistentVolumeClaim != nil:
			cv := claimVolume{name: v.Name, path: at.Child("persistentVolumeClaim", "claimName"), readOnly: v.PersistentVolumeClaim.ReadOnly}
			if in.Lookup != nil {
				cv.claim = in.Lookup.Claim(in.Namespace, v.PersistentVolumeClaim.ClaimName)
			}
			volumes = append(volumes, cv)
		case v.Ephemeral != nil && v.Ephemeral.VolumeClaimTemplate != nil:
			t := v.Ephemeral.VolumeClaimTemplate
			template := &claim{annotations: t.Annotations, spec: &t.Spec, path: at.Child("ephemeral", "volumeClaimTemplate", "spec")}
			volumes = append(volumes, claimVolume{name: v.Name, path: template.path, template: template})
		}
	}
	return volumes
}

// block says whether the volume is a raw device, if that is known.
func (v claimVolume) block() (block, known bool) {
	switch {
	case v.template != nil:
		return v.template.volumeMode() == corev1.PersistentVolumeBlock, true
	case v.claim != nil && !v.claim.Deleting:
		// One that is being deleted may come back as another.
		return v.claim.Block, true
	}
	return false, false
}
