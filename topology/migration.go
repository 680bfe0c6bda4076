// SPDX-License-Identifier: Apache-2.0

package topology

import (
	corev1 "k8s.io/api/core/v1"
	csitranslation "k8s.io/csi-translation-lib"
	"k8s.io/csi-translation-lib/plugins"
	"k8s.io/klog/v2"
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

// migrationOf returns nil for a volume that kube-scheduler takes as it is.
func migrationOf(v *corev1.PersistentVolume) *Migration {
	if v.Spec.CSI != nil || !translator.IsPVMigratable(v) {
		return nil
	}
	plugin, err := translator.GetInTreePluginNameFromSpec(v, nil)
	if err != nil || !migratedPlugins[plugin] {
		return nil
	}
	m := &Migration{Plugin: plugin}
	translated, err := translator.TranslateInTreePVToCSI(klog.Background(), v)
	if err != nil {
		m.Err = err
		return m
	}
	m.Affinity = VolumeAffinity(translated.Spec.NodeAffinity)
	if translated.Spec.CSI != nil {
		m.Driver, m.Handle = shared(translated.Spec.CSI.Driver), translated.Spec.CSI.VolumeHandle
	}
	return m
}

// migratedInline returns the driver and handle of a volume that a pod names inline and that is served by CSI; empty for
// others.
func migratedInline(v *corev1.Volume, namespace string) (driver, handle string) {
	if !translator.IsInlineMigratable(v) {
		return "", ""
	}
	plugin, err := translator.GetInTreePluginNameFromSpec(nil, v)
	if err != nil || !migratedPlugins[plugin] {
		return "", ""
	}
	translated, err := translator.TranslateInTreeInlineVolumeToCSI(klog.Background(), v, namespace)
	if err != nil || translated == nil || translated.Spec.CSI == nil {
		return "", ""
	}
	if driver, err = translator.GetCSINameFromInTreeName(plugin); err != nil {
		return "", ""
	}
	return shared(driver), translated.Spec.CSI.VolumeHandle
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
