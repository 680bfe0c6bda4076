// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"

	"github.com/moorage-k8s/moorage/catalog"
)

// The annotations that mark defaults (see topology.Class and topology.VolumeSnapshotClass).
const (
	defaultClassAnnotation         = "storageclass.kubernetes.io/is-default-class"
	betaDefaultClassAnnotation     = "storageclass.beta.kubernetes.io/is-default-class"
	defaultSnapshotClassAnnotation = "snapshot.storage.kubernetes.io/is-default-class"
)

func keepDriver(d *storagev1.CSIDriver) *storagev1.CSIDriver {
	return &storagev1.CSIDriver{ObjectMeta: keepMeta(d), Spec: storagev1.CSIDriverSpec{
		AttachRequired: d.Spec.AttachRequired, PodInfoOnMount: d.Spec.PodInfoOnMount,
		VolumeLifecycleModes: d.Spec.VolumeLifecycleModes, StorageCapacity: d.Spec.StorageCapacity,
		FSGroupPolicy: d.Spec.FSGroupPolicy, RequiresRepublish: d.Spec.RequiresRepublish, SELinuxMount: d.Spec.SELinuxMount,
		PreventPodSchedulingIfMissing: d.Spec.PreventPodSchedulingIfMissing,
	}}
}

// keepClass keeps of the parameters only those that a rule looks at in another object's class. Mount options may hold
// credentials and are left out.
func keepClass(c *storagev1.StorageClass) *storagev1.StorageClass {
	out := &storagev1.StorageClass{
		ObjectMeta: keepMeta(c, defaultClassAnnotation, betaDefaultClassAnnotation), Provisioner: c.Provisioner, VolumeBindingMode: c.VolumeBindingMode,
		ReclaimPolicy: c.ReclaimPolicy, AllowVolumeExpansion: c.AllowVolumeExpansion,
	}
	for key, value := range c.Parameters {
		if slices.Contains(harmlessParameters(), key) {
			if out.Parameters == nil {
				out.Parameters = map[string]string{}
			}
			out.Parameters[key] = value
		}
	}
	for _, term := range c.AllowedTopologies {
		kept := corev1.TopologySelectorTerm{}
		for _, e := range term.MatchLabelExpressions {
			kept.MatchLabelExpressions = append(kept.MatchLabelExpressions, corev1.TopologySelectorLabelRequirement{Key: e.Key, Values: e.Values})
		}
		out.AllowedTopologies = append(out.AllowedTopologies, kept)
	}
	return out
}

// harmlessParameters are the class parameters that the driver catalog speaks of, and the file system.
var harmlessParameters = sync.OnceValue(func() []string {
	out := []string{"csi.storage.k8s.io/fstype", "fsType", "fstype"}
	add := func(modes *catalog.Modes) {
		if modes == nil {
			return
		}
		for i := range modes.Conditional {
			if needs := &modes.Conditional[i].Needs; needs.Kind == catalog.NeedsParameter {
				out = append(out, needs.Name)
			}
		}
	}
	drivers := catalog.Default().Drivers()
	for i := range drivers {
		add(drivers[i].Filesystem)
		add(drivers[i].Block)
	}
	return out
})

func keepPool(p *storagev1.CSIStorageCapacity) *storagev1.CSIStorageCapacity {
	return &storagev1.CSIStorageCapacity{
		ObjectMeta: keepMeta(p), StorageClassName: p.StorageClassName, NodeTopology: p.NodeTopology.DeepCopy(),
		Capacity: p.Capacity, MaximumVolumeSize: p.MaximumVolumeSize,
	}
}
