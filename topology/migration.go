// SPDX-License-Identifier: Apache-2.0

package topology

import (
	corev1 "k8s.io/api/core/v1"
	csitranslation "k8s.io/csi-translation-lib"
	"k8s.io/csi-translation-lib/plugins"
	"k8s.io/klog/v2"

	"github.com/moorage-k8s/moorage/topology/nodeset"
)

// translator is Kubernetes' own translation of in-tree volumes to the CSI drivers that serve them now.
var translator = csitranslation.New()

// migratedPlugins are the in-tree plugins that kube-scheduler looks at as CSI drivers (isCSIMigrationOnForPlugin in
// volumebinding/binder.go and isCSIMigrationOn in nodevolumelimits/utils.go); others may be translatable and are not.
var migratedPlugins = map[string]bool{
	plugins.AWSEBSInTreePluginName:    true,
	plugins.GCEPDInTreePluginName:     true,
	plugins.AzureDiskInTreePluginName: true,
	plugins.CinderInTreePluginName:    true,
	plugins.PortworxVolumePluginName:  true,
}

// Migration is what an in-tree volume is to the CSI driver that serves it. Immutable.
type Migration struct {
	// Plugin is the in-tree plugin's name, as in Node.MigratedPlugins.
	Plugin string
	// Driver and Handle are the CSI driver's; empty where the volume cannot be translated.
	Driver, Handle string
	// Affinity is the volume's node affinity as it holds on nodes where the plugin is migrated.
	Affinity *Selector
	// Err is why the volume cannot be translated.
	Err error
}

// The translator goes through its plugins in random order and takes the first that knows a source of the volume. So a volume with
// two sources may be one plugin's by name and be translated by another, which may not be migrated, or not even able to: vSphere's
// dereferences nil for an inline volume with a storage policy. The API server accepts no such volume, but files and requests of the
// extender may hold one. It is taken as it is, like one that is not migrated.

// csiForm returns an in-tree volume as what it is to the CSI driver that serves it now, and any other as it is.
func csiForm(v *corev1.PersistentVolume) (*corev1.PersistentVolume, error) {
	if v.Spec.CSI != nil || !translator.IsPVMigratable(v) || sources(&v.Spec.PersistentVolumeSource) != 1 {
		return v, nil
	}
	return translator.TranslateInTreePVToCSI(klog.Background(), v)
}

// migrationOf returns nil for a volume that kube-scheduler takes as it is. It wants what csiForm says of the volume.
func migrationOf(selectors *nodeset.Pool, v, translated *corev1.PersistentVolume, err error) *Migration {
	if translated == v {
		return nil
	}
	plugin, unknown := translator.GetInTreePluginNameFromSpec(v, nil)
	if unknown != nil || !migratedPlugins[plugin] {
		return nil
	}
	m := &Migration{Plugin: plugin}
	if err != nil {
		m.Err = err
		return m
	}
	m.Affinity = selectors.Intern(nodeset.VolumeAffinity(translated.Spec.NodeAffinity))
	if translated.Spec.CSI != nil {
		m.Driver, m.Handle = shared(translated.Spec.CSI.Driver), translated.Spec.CSI.VolumeHandle
	}
	return m
}

// migrateInline notes what an in-tree volume that a pod names inline is to the CSI driver that serves it now; nothing for
// others.
func (v *PodVolume) migrateInline(from *corev1.Volume, namespace string) {
	if !translator.IsInlineMigratable(from) || sources(&from.VolumeSource) != 1 {
		return
	}
	plugin, err := translator.GetInTreePluginNameFromSpec(nil, from)
	if err != nil || !migratedPlugins[plugin] {
		return
	}
	translated, err := translator.TranslateInTreeInlineVolumeToCSI(klog.Background(), from, namespace)
	if err != nil || translated == nil || translated.Spec.CSI == nil {
		return
	}
	driver, err := translator.GetCSINameFromInTreeName(plugin)
	if err != nil {
		return
	}
	v.Plugin, v.Driver, v.Handle = shared(plugin), shared(driver), translated.Spec.CSI.VolumeHandle
	v.SingleAttach = singleAttacher(translated) != ""
}

// attachingDriver returns the CSI driver that volumes of a provisioner are attached by; empty where kube-scheduler counts
// them nowhere.
func attachingDriver(provisioner string) string {
	if !translator.IsMigratableIntreePluginByName(provisioner) {
		return provisioner
	}
	if !migratedPlugins[provisioner] {
		return ""
	}
	driver, err := translator.GetCSINameFromInTreeName(provisioner)
	if err != nil {
		return ""
	}
	return driver
}

// ServedBy returns the CSI driver in whose hands an in-tree plugin is, also where kube-scheduler does not look at it as such; empty for what is
// none, and for those that no driver took over.
func ServedBy(plugin string) string {
	if !translator.IsMigratableIntreePluginByName(plugin) {
		return ""
	}
	driver, err := translator.GetCSINameFromInTreeName(plugin)
	if err != nil {
		return ""
	}
	return driver
}
