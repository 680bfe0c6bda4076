// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	csiplugins "k8s.io/csi-translation-lib/plugins"
)

const (
	// plainDriver and otherDriver are CSI drivers to which nothing is migrated.
	plainDriver = "csi.example.com"
	otherDriver = "other.example.com"
	plainKey    = "topology.example.com/zone"
	rackKey     = "rack"
)

var (
	drivers = []string{
		plainDriver, otherDriver, csiplugins.AWSEBSDriverName, csiplugins.GCEPDDriverName,
		csiplugins.AzureDiskDriverName, csiplugins.CinderDriverName, csiplugins.PortworxDriverName,
	}
	migratedPlugins = []string{
		csiplugins.AWSEBSInTreePluginName, csiplugins.GCEPDInTreePluginName, csiplugins.AzureDiskInTreePluginName,
		csiplugins.CinderInTreePluginName, csiplugins.PortworxVolumePluginName, csiplugins.VSphereInTreePluginName,
	}
	zoneKeys = []string{
		corev1.LabelTopologyZone, corev1.LabelTopologyZone, corev1.LabelFailureDomainBetaZone, plainKey,
		csiplugins.AWSEBSTopologyKey, csiplugins.GCEPDTopologyKey, csiplugins.AzureDiskTopologyKey, csiplugins.CinderTopologyKey,
	}
)

func (g *generator) makeNodes() {
	labelled := pick(g, 0.6, 0.9, 1)
	for i := range g.between(3, 12) {
		name := fmt.Sprintf("node-%d", i)
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelHostname: name}}}
		zone := zones[i%len(zones)]
		g.labelNode(node.Labels, zone, labelled)
		g.cluster.Nodes = append(g.cluster.Nodes, node)
		if g.chance(0.85) {
			g.cluster.CSINodes = append(g.cluster.CSINodes, g.csiNode(name))
		} else {
			g.mark(RowNoCSINode)
		}
	}
	if g.chance(0.1) {
		g.cluster.CSINodes = append(g.cluster.CSINodes, g.csiNode(missingName))
	}
}

func (g *generator) labelNode(labels map[string]string, zone string, p float64) {
	constrained := false
	set := func(p float64, key, value string) bool {
		if g.chance(p) {
			labels[key], constrained = value, true
			return true
		}
		return false
	}
	set(p, corev1.LabelTopologyZone, zone)
	set(p*0.7, corev1.LabelTopologyRegion, pick(g, regions...))
	if set(g.dials.beta*0.7, corev1.LabelFailureDomainBetaZone, pick(g, zone, zone, pick(g, zones...))) {
		g.mark(RowZoneBetaNode)
	}
	if set(g.dials.beta*0.5, corev1.LabelFailureDomainBetaRegion, pick(g, regions...)) {
		g.mark(RowZoneBetaNode)
	}
	if !constrained {
		g.mark(RowZoneNoneNode)
	}
	for _, key := range zoneKeys[3:] {
		if g.chance(0.8) {
			labels[key] = zone
		}
	}
	if g.chance(0.7) {
		labels[rackKey] = pick(g, strconv.Itoa(g.between(1, 5)), strconv.Itoa(g.between(1, 5)), "none")
	}
}

func (g *generator) csiNode(name string) *storagev1.CSINode {
	out := &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if g.chance(0.4) || g.chance(g.dials.migrated) {
		plugins := some(g, 0.6, migratedPlugins...)
		out.Annotations = map[string]string{corev1.MigratedPluginsAnnotationKey: strings.Join(plugins, ",")}
		if len(plugins) == 0 {
			g.mark(RowMigrationEmpty)
		} else {
			g.mark(RowMigrationAnnotation)
		}
	}
	for _, driver := range some(g, 0.8, drivers...) {
		d := storagev1.CSINodeDriver{Name: driver, NodeID: name}
		switch {
		case g.chance(g.dials.limits):
			d.Allocatable = &storagev1.VolumeNodeResources{Count: new(int32(pick(g, 0, 1, 1, 2, 2, 3, 4)))}
			if *d.Allocatable.Count == 0 {
				g.mark(RowLimitZero)
			}
		case g.chance(0.3):
			d.Allocatable = &storagev1.VolumeNodeResources{}
			g.mark(RowLimitAbsent)
		}
		out.Spec.Drivers = append(out.Spec.Drivers, d)
	}
	return out
}

func (g *generator) makeDrivers() {
	for _, name := range some(g, 0.75, drivers...) {
		d := &storagev1.CSIDriver{ObjectMeta: metav1.ObjectMeta{Name: name}}
		switch {
		case g.chance(g.dials.capacity):
			d.Spec.StorageCapacity = new(true)
		case g.chance(0.5):
			d.Spec.StorageCapacity = new(false)
		}
		switch {
		case g.marked(g.dials.prevent, RowPrevent):
			d.Spec.PreventPodSchedulingIfMissing = new(true)
		case g.chance(0.3):
			d.Spec.PreventPodSchedulingIfMissing = new(false)
		}
		if g.chance(0.2) {
			d.Spec.AttachRequired = new(g.chance(0.5))
		}
		g.cluster.Drivers = append(g.cluster.Drivers, d)
	}
}

func (g *generator) makeAttachments() {
	used := map[string]bool{}
	for _, pod := range g.cluster.Pods {
		for _, v := range pod.Spec.Volumes {
			if v.PersistentVolumeClaim == nil {
				continue
			}
			if claim := g.claim(pod.Namespace, v.PersistentVolumeClaim.ClaimName); claim != nil {
				used[pod.Spec.NodeName+"/"+claim.Spec.VolumeName] = true
			}
		}
	}
	if !g.chance(g.dials.attachments * 2) {
		return
	}
	for i := range g.between(0, 10) {
		node := g.nodeName()
		a := &storagev1.VolumeAttachment{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("attachment-%d", i)},
			Spec:       storagev1.VolumeAttachmentSpec{NodeName: node, Attacher: pick(g, drivers...)},
			Status:     storagev1.VolumeAttachmentStatus{Attached: g.chance(0.8)},
		}
		switch {
		case g.marked(0.1, RowAttachmentNoPV):
			a.Spec.Source.PersistentVolumeName = &missingName
		case g.marked(0.1, RowAttachmentInline):
			a.Spec.Source.InlineVolumeSpec = &corev1.PersistentVolumeSpec{}
		default:
			volume := pick(g, g.cluster.Volumes...)
			if volume.Spec.CSI != nil && g.chance(0.9) {
				a.Spec.Attacher = volume.Spec.CSI.Driver
			}
			a.Spec.Source.PersistentVolumeName = &volume.Name
			if !used[node+"/"+volume.Name] {
				g.mark(RowAttachmentUnused)
			}
		}
		if g.chance(0.1) {
			a.DeletionTimestamp = deleted()
		}
		if g.chance(0.05) {
			a.Spec.NodeName = missingName
		}
		g.cluster.Attachments = append(g.cluster.Attachments, a)
	}
}

func (g *generator) nodeName() string { return pick(g, g.cluster.Nodes...).Name }
