// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/moorage-k8s/moorage/catalog"
	"github.com/moorage-k8s/moorage/internal/upstream"
	"github.com/moorage-k8s/moorage/topology"
)

// removedUse is a place that names an in-tree plugin which Kubernetes no longer runs.
type removedUse struct {
	*catalog.Removed
	path *field.Path
	// what names the plugin and where it is used.
	what string
	// class says that it is a StorageClass: nothing fails before there is a claim.
	class bool
}

// removedUses lists them. A volume that a provisioner made is left out: it works, whatever form its object has.
func removedUses(obj runtime.Object, c *catalog.Catalog) []removedUse {
	var uses []removedUse
	switch o := obj.(type) {
	case *corev1.PersistentVolume:
		if o.Annotations[provisionedBy] != "" {
			return nil
		}
		source := topology.SourceField(&o.Spec.PersistentVolumeSource)
		if r, ok := c.Removed(source); ok {
			uses = append(uses, removedUse{r, field.NewPath("spec", source), source, false})
		}
	case *storagev1.StorageClass:
		for i := range c.RemovedPlugins() {
			if r := &c.RemovedPlugins()[i]; r.Provisioner != "" && r.Provisioner == o.Provisioner {
				uses = append(uses, removedUse{r, field.NewPath("provisioner"), "provisioner " + r.Provisioner, true})
			}
		}
	default:
		spec, path := podSpecOf(obj)
		if spec == nil {
			return nil
		}
		for i := range spec.Volumes {
			source := removedField(&spec.Volumes[i].VolumeSource)
			if r, ok := c.Removed(source); ok {
				at := path.Child("volumes").Index(i).Child(source)
				uses = append(uses, removedUse{r, at, fmt.Sprintf("volume %q: %s", spec.Volumes[i].Name, source), false})
			}
		}
	}
	return uses
}

// removedField names the field of a pod's volume that is set, if it is one of a plugin that some Kubernetes no longer ran.
func removedField(s *corev1.VolumeSource) string {
	if s.GitRepo != nil {
		return "gitRepo"
	}
	return topology.SourceField(&corev1.PersistentVolumeSource{
		AWSElasticBlockStore: s.AWSElasticBlockStore,
		AzureDisk:            s.AzureDisk,
		GCEPersistentDisk:    s.GCEPersistentDisk,
		VsphereVolume:        s.VsphereVolume,
		PortworxVolume:       s.PortworxVolume,
		Quobyte:              s.Quobyte,
		Flocker:              s.Flocker,
		PhotonPersistentDisk: s.PhotonPersistentDisk,
		// The types of these differ from those of a PersistentVolume only in how they name secrets.
		AzureFile: zeroIf[corev1.AzureFilePersistentVolumeSource](s.AzureFile != nil),
		Cinder:    zeroIf[corev1.CinderPersistentVolumeSource](s.Cinder != nil),
		Glusterfs: zeroIf[corev1.GlusterfsPersistentVolumeSource](s.Glusterfs != nil),
		CephFS:    zeroIf[corev1.CephFSPersistentVolumeSource](s.CephFS != nil),
		RBD:       zeroIf[corev1.RBDPersistentVolumeSource](s.RBD != nil),
		ScaleIO:   zeroIf[corev1.ScaleIOPersistentVolumeSource](s.ScaleIO != nil),
		StorageOS: zeroIf[corev1.StorageOSPersistentVolumeSource](s.StorageOS != nil),
	})
}

func zeroIf[T any](set bool) *T {
	if set {
		return new(T)
	}
	return nil
}

var pluginRemovedRule = Rule{
	ID:          "plugin-removed",
	Summary:     "A volume or class uses an in-tree plugin that Kubernetes has removed and does not redirect to a CSI driver.",
	Kinds:       append([]Kind{PersistentVolume, StorageClass}, podKinds...),
	Action:      Deny,
	Symptom:     `FailedMount "` + upstream.NoPluginMatched + `"; the pod stays in ContainerCreating, or the claim Pending`,
	Remediation: "use a CSI driver for the storage system",
	Check:       pluginRemoved,
}

// pluginRemoved fires on plugins that no CSI driver is asked in place of.
func pluginRemoved(in *Input) []Finding {
	var found []Finding
	for _, u := range removedUses(in.Object, in.Catalog) {
		if u.Outcome != catalog.Gone {
			continue
		}
		f := Finding{Path: u.path, Message: fmt.Sprintf("%s is gone since Kubernetes %s", u.what, u.Since)}
		if u.Replacement != "" {
			f.Remediation = "use " + u.Replacement
		}
		if u.Field == "gitRepo" {
			// Its plugin is still there, behind a gate that is locked.
			f.Symptom = `MountVolume.SetUp failed "` + upstream.GitRepoDisabled + `"; the pod stays in ContainerCreating`
		}
		found = append(found, f)
	}
	return found
}

var pluginMigratedRule = Rule{
	ID:          "plugin-migrated",
	Summary:     "A volume or class uses an in-tree plugin that Kubernetes redirects to a CSI driver; a pod is denied if the cluster does not have that driver.",
	Kinds:       append([]Kind{PersistentVolume, StorageClass}, podKinds...),
	Action:      Warn,
	Symptom:     "without the CSI driver the volume is never attached, and the pod stays in ContainerCreating",
	Remediation: "use the CSI driver itself",
	NeedsLookup: true,
	Check:       pluginMigrated,
}

// pluginMigrated fires on plugins whose work a CSI driver does today. Where the cluster is known not to have that driver, a
// volume of it never comes up.
func pluginMigrated(in *Input) []Finding {
	var found []Finding
	for _, u := range removedUses(in.Object, in.Catalog) {
		if u.Outcome != catalog.Redirected {
			continue
		}
		f := Finding{
			Path:        u.path,
			Message:     fmt.Sprintf("%s is served by the CSI driver %s since Kubernetes %s", u.what, u.Replacement, u.Since),
			Remediation: fmt.Sprintf("use the CSI driver %s itself", u.Replacement),
		}
		if in.lacksDriver(u.Replacement) {
			f.Message += ", which this cluster does not have"
			f.Remediation = "install it, or use a volume of a driver that the cluster has"
			// What nobody uses yet may have been applied before the driver is.
			if _, isVolume := in.Object.(*corev1.PersistentVolume); !u.class && !isVolume {
				f.Action = Deny
			}
		}
		found = append(found, f)
	}
	return found
}

// lacksDriver says that the whole cluster is seen, and that neither a CSIDriver object nor any of its nodes has the driver.
func (in *Input) lacksDriver(driver string) bool {
	if !in.seesCluster() || in.Lookup.NumNodes() == 0 {
		return false
	}
	if _, ok := in.Lookup.CSIDriver(driver); ok {
		return false
	}
	_, registered := in.Lookup.DriverOnNodes(driver)
	return !registered
}
