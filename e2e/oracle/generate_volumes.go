// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func (g *generator) makeVolumes() {
	for i, size := range g.rng.Perm(40)[:g.between(6, 14)] {
		v := &corev1.PersistentVolume{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("pv-%d", i), UID: g.uid(), Labels: map[string]string{}},
			Spec: corev1.PersistentVolumeSpec{
				// No two are of one size: in-tree's choice among those is random.
				Capacity:               corev1.ResourceList{corev1.ResourceStorage: *gigabytes(size + 1)},
				AccessModes:            g.accessModes(),
				PersistentVolumeSource: g.volumeSource(),
				NodeAffinity:           g.volumeAffinity(),
				VolumeMode:             g.volumeMode(),
			},
			Status: corev1.PersistentVolumeStatus{Phase: corev1.VolumeAvailable},
		}
		v.Annotations, v.Spec.StorageClassName = g.classOf(pick(g, g.classes...))
		if g.chance(0.1) {
			v.Status.Phase = pick(g, corev1.VolumeBound, corev1.VolumeReleased, corev1.VolumePending, corev1.VolumeFailed, "")
		}
		if v.Spec.VolumeAttributesClassName = g.attributesClass(); v.Spec.VolumeAttributesClassName != nil {
			g.mark(RowAttributesVolume)
		}
		if g.marked(0.04, RowVolumeDeleting) {
			v.DeletionTimestamp = deleted()
		}
		if g.chance(0.6) {
			v.Labels["disk"] = pick(g, diskLabels...)
		}
		g.labelVolume(v)
		g.cluster.Volumes = append(g.cluster.Volumes, v)
	}
}

// classOf names a class by the field, by the beta annotation, or by both, where the annotation wins.
func (g *generator) classOf(class string) (annotations map[string]string, field string) {
	if !g.marked(g.dials.beta*0.3, RowBetaClass) {
		return nil, class
	}
	return map[string]string{corev1.BetaStorageClassAnnotation: class}, pick(g, "", class, pick(g, g.classes...))
}

func (g *generator) accessModes() []corev1.PersistentVolumeAccessMode {
	if !g.chance(g.dials.modes) {
		return []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
	}
	return some(g, 0.5, corev1.ReadWriteOnce, corev1.ReadOnlyMany, corev1.ReadWriteMany, corev1.ReadWriteOncePod)
}

func (g *generator) volumeMode() *corev1.PersistentVolumeMode {
	switch {
	case g.marked(g.dials.modes*0.3, RowBlock):
		return new(corev1.PersistentVolumeBlock)
	case g.chance(0.5):
		return new(corev1.PersistentVolumeFilesystem)
	default:
		return nil
	}
}

func (g *generator) attributesClass() *string {
	switch {
	case g.chance(g.dials.modes * 0.3):
		return new(pick(g, attributes...))
	case g.marked(0.05, RowAttributesEmpty):
		return new("")
	default:
		return nil
	}
}

func (g *generator) volumeSource() corev1.PersistentVolumeSource {
	handle := pick(g, handles...)
	if g.chance(g.dials.migrated) {
		return g.migratedSource(handle)
	}
	switch g.between(0, 9) {
	case 0:
		return corev1.PersistentVolumeSource{NFS: &corev1.NFSVolumeSource{Server: "nfs", Path: "/" + handle}}
	case 1:
		return corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: "/disks/" + handle}}
	default:
		return corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{
			Driver: pick(g, plainDriver, plainDriver, pick(g, drivers...)), VolumeHandle: handle,
		}}
	}
}

func (g *generator) migratedSource(handle string) corev1.PersistentVolumeSource {
	switch g.between(0, 6) {
	case 0:
		g.mark(RowMigratedEBS)
		return corev1.PersistentVolumeSource{AWSElasticBlockStore: &corev1.AWSElasticBlockStoreVolumeSource{VolumeID: g.ebsID(handle)}}
	case 1:
		g.mark(RowMigratedGCE)
		return corev1.PersistentVolumeSource{GCEPersistentDisk: &corev1.GCEPersistentDiskVolumeSource{PDName: handle}}
	case 2:
		g.mark(RowMigratedAzure)
		return corev1.PersistentVolumeSource{AzureDisk: &corev1.AzureDiskVolumeSource{
			DiskName: handle, DataDiskURI: handle, Kind: g.azureKind(),
		}}
	case 3:
		g.mark(RowMigratedCinder)
		return corev1.PersistentVolumeSource{Cinder: &corev1.CinderPersistentVolumeSource{VolumeID: handle}}
	case 4:
		g.mark(RowMigratedPortworx)
		return corev1.PersistentVolumeSource{PortworxVolume: &corev1.PortworxVolumeSource{VolumeID: handle}}
	case 5:
		g.mark(RowMigratableOff)
		return corev1.PersistentVolumeSource{VsphereVolume: &corev1.VsphereVirtualDiskVolumeSource{VolumePath: handle}}
	default:
		g.mark(RowMigratableOff)
		return corev1.PersistentVolumeSource{AzureFile: &corev1.AzureFilePersistentVolumeSource{SecretName: "secret", ShareName: handle}}
	}
}

func (g *generator) azureKind() *corev1.AzureDataDiskKind {
	switch {
	case g.marked(g.dials.unreadable*0.5, RowUntranslatable):
		return new(corev1.AzureDedicatedBlobDisk)
	case g.chance(0.5):
		return new(corev1.AzureManagedDisk)
	default:
		return nil
	}
}

// ebsID writes an EBS volume's ID in one of its forms; CSI migration makes all of them the same handle.
func (g *generator) ebsID(handle string) string {
	switch {
	case g.marked(g.dials.unreadable*0.5, RowUntranslatable):
		return "aws://us-east1-a/" + "disk/" + handle
	case g.chance(0.3):
		return "aws://" + pick(g, zones...) + "/" + handle
	default:
		return handle
	}
}

func (g *generator) labelVolume(v *corev1.PersistentVolume) {
	label := func(key string, values []string) {
		value := pick(g, values...)
		switch g.between(0, 11) {
		case 0, 1:
			value += "__" + pick(g, values...)
			g.mark(RowZoneList)
		case 2:
			value = pick(g, value+"__", "__"+value, value+"____"+value, value+"___"+value, "")
			g.mark(RowZoneEmptyPart)
		case 3:
			value = pick(g, " "+value, value+" __ "+pick(g, values...), value+"__ ")
			g.mark(RowZoneBlank)
		case 4:
			value = "nowhere"
		}
		v.Labels[key] = value
	}
	if g.chance(g.dials.zoneLabels) {
		label(corev1.LabelTopologyZone, zones)
	}
	if g.chance(g.dials.zoneLabels * 0.5) {
		label(corev1.LabelTopologyRegion, regions)
	}
	if g.marked(g.dials.zoneLabels*g.dials.beta, RowZoneBetaPV) {
		label(corev1.LabelFailureDomainBetaZone, zones)
	}
	if g.marked(g.dials.zoneLabels*g.dials.beta, RowZoneBetaPV) {
		label(corev1.LabelFailureDomainBetaRegion, regions)
	}
}

func (g *generator) volumeAffinity() *corev1.VolumeNodeAffinity {
	if !g.chance(0.3 + g.dials.affinity) {
		return pick(g, nil, nil, &corev1.VolumeNodeAffinity{})
	}
	required := &corev1.NodeSelector{}
	if g.marked(0.04, RowAffinityNoTerms) {
		return &corev1.VolumeNodeAffinity{Required: required}
	}
	for range pick(g, 1, 1, 1, 2, 3) {
		required.NodeSelectorTerms = append(required.NodeSelectorTerms, g.affinityTerm())
	}
	return &corev1.VolumeNodeAffinity{Required: required}
}

func (g *generator) affinityTerm() corev1.NodeSelectorTerm {
	var term corev1.NodeSelectorTerm
	if g.marked(0.05, RowAffinityEmptyTerm) {
		return term
	}
	if g.chance(0.06) {
		term.MatchFields = []corev1.NodeSelectorRequirement{{
			Key: metav1.ObjectNameField, Operator: pick(g, corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn), Values: []string{g.nodeName()},
		}}
		if g.marked(0.7, RowAffinityFieldsOnly) {
			return term
		}
	}
	for range pick(g, 1, 1, 1, 2) {
		term.MatchExpressions = append(term.MatchExpressions, g.nodeRequirement())
	}
	if g.marked(g.dials.unreadable*0.3, RowAffinityUnreadable) {
		if len(term.MatchFields) > 0 {
			term.MatchFields[0].Values = nil
		} else {
			term.MatchExpressions[0] = pick(g,
				corev1.NodeSelectorRequirement{Key: rackKey, Operator: "Near"},
				corev1.NodeSelectorRequirement{Key: rackKey, Operator: corev1.NodeSelectorOpIn},
				corev1.NodeSelectorRequirement{Key: rackKey, Operator: corev1.NodeSelectorOpGt, Values: []string{"many"}},
				corev1.NodeSelectorRequirement{Key: rackKey, Operator: corev1.NodeSelectorOpIn, Values: []string{unreadable}})
		}
	}
	return term
}

func (g *generator) nodeRequirement() corev1.NodeSelectorRequirement {
	key := pick(g, zoneKeys...)
	switch g.between(0, 11) {
	case 0:
		g.mark(RowAffinityNotIn)
		return corev1.NodeSelectorRequirement{Key: key, Operator: corev1.NodeSelectorOpNotIn, Values: g.someZones()}
	case 1:
		g.mark(RowAffinityExists)
		return corev1.NodeSelectorRequirement{
			Key: key, Operator: pick(g, corev1.NodeSelectorOpExists, corev1.NodeSelectorOpDoesNotExist),
		}
	case 2:
		g.mark(RowAffinityNumbers)
		return corev1.NodeSelectorRequirement{
			Key: rackKey, Operator: pick(g, corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt), Values: []string{strconv.Itoa(g.between(0, 5))},
		}
	case 3, 4:
		return corev1.NodeSelectorRequirement{
			Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{g.nodeName(), g.nodeName()},
		}
	case 5:
		return corev1.NodeSelectorRequirement{
			Key: pick(g, corev1.LabelTopologyRegion, corev1.LabelFailureDomainBetaRegion), Operator: corev1.NodeSelectorOpIn,
			Values: []string{pick(g, regions...)},
		}
	default:
		return corev1.NodeSelectorRequirement{Key: key, Operator: corev1.NodeSelectorOpIn, Values: g.someZones()}
	}
}
