// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-helpers/storage/ephemeral"
)

// judgedPods is how many pods are judged on one cluster: the cluster costs more than the judging.
const judgedPods = 4

func (g *generator) makePods() {
	used := map[string]bool{}
	for i := range g.between(0, 12) {
		namespace := pick(g, mainNamespace, mainNamespace, otherNamespace)
		p := g.pod(namespace, fmt.Sprintf("pod-%d", i), g.between(0, 3))
		g.cluster.Pods = append(g.cluster.Pods, p)
		if g.chance(0.1) {
			continue
		}
		p.Spec.NodeName = g.nodeName()
		p.Status.Phase = corev1.PodRunning
		if g.marked(0.1, RowPodTerminal) {
			p.Status.Phase = pick(g, corev1.PodSucceeded, corev1.PodFailed)
		}
		if g.marked(0.1, RowPodTerminating) {
			p.DeletionTimestamp = deleted()
		}
		for _, name := range claimNames(p) {
			used[namespace+"/"+name] = true
		}
	}
	for i := range judgedPods {
		namespace := pick(g, mainNamespace, mainNamespace, mainNamespace, otherNamespace)
		p := g.pod(namespace, fmt.Sprintf("judged-%d", i), g.between(1, 4))
		g.judged = append(g.judged, p)
		for _, name := range claimNames(p) {
			if used[namespace+"/"+name] {
				g.markShared(namespace, name)
			}
		}
	}
}

func (g *generator) markShared(namespace, name string) {
	g.mark(RowSharedClaim)
	if c := g.claim(namespace, name); c != nil && slices.Contains(c.Spec.AccessModes, corev1.ReadWriteOncePod) {
		g.mark(RowOncePodInUse)
	}
}

// claimNames are the claims that a pod names, those of ephemeral volumes apart.
func claimNames(p *corev1.Pod) []string {
	var names []string
	for _, v := range p.Spec.Volumes {
		if v.PersistentVolumeClaim != nil {
			names = append(names, v.PersistentVolumeClaim.ClaimName)
		}
	}
	return names
}

func (g *generator) pod(namespace, name string, volumes int) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: g.uid()}}
	for i := range volumes {
		v := corev1.Volume{Name: fmt.Sprintf("volume-%d", i)}
		switch {
		case g.chance(g.dials.inline):
			v.VolumeSource = g.inlineDisk()
		case g.chance(0.12):
			g.ephemeral(p, &v)
		case g.chance(0.05):
			v.EmptyDir = &corev1.EmptyDirVolumeSource{}
		default:
			v.PersistentVolumeClaim = &corev1.PersistentVolumeClaimVolumeSource{ClaimName: g.claimName(p)}
		}
		p.Spec.Volumes = append(p.Spec.Volumes, v)
	}
	return p
}

func (g *generator) claimName(p *corev1.Pod) string {
	if named := claimNames(p); len(named) > 0 && g.marked(0.06, RowSameClaimTwice) {
		return pick(g, named...)
	}
	if g.chance(g.dials.held * 0.3) {
		return missingName
	}
	for range 20 {
		c := pick(g, g.cluster.Claims...)
		if c.Namespace == p.Namespace && !slices.Contains(claimNames(p), c.Name) {
			return c.Name
		}
	}
	return "claim-0"
}

// ephemeral makes the volume a generic ephemeral one, and its claim: the pod's own, or one that stands in its way.
func (g *generator) ephemeral(p *corev1.Pod, v *corev1.Volume) {
	v.Ephemeral = &corev1.EphemeralVolumeSource{VolumeClaimTemplate: &corev1.PersistentVolumeClaimTemplate{}}
	if g.marked(g.dials.held*0.5, RowEphemeralMissing) {
		return
	}
	c := g.addClaim(p.Namespace, ephemeral.VolumeClaimName(p, v))
	owner := metav1.OwnerReference{APIVersion: "v1", Kind: "Pod", Name: p.Name, UID: p.UID, Controller: new(true)}
	if g.chance(g.dials.foreign * 2) {
		g.mark(RowEphemeralForeign)
		owner.UID = "of another"
		if g.chance(0.3) {
			owner.UID, owner.Controller = p.UID, new(false)
		}
	} else {
		g.mark(RowEphemeral)
	}
	if !g.chance(g.dials.foreign * 0.3) {
		c.OwnerReferences = []metav1.OwnerReference{owner}
	}
	if i := g.rng.IntN(len(g.cluster.Volumes)); g.chance(0.5) && g.cluster.Volumes[i].Spec.ClaimRef == nil {
		g.bind(c, g.cluster.Volumes[i])
	}
}

func (g *generator) inlineDisk() corev1.VolumeSource {
	readOnly := g.marked(0.4, RowInlineReadOnly)
	disk := pick(g, handles[:3]...)
	switch g.between(0, 8) {
	case 0, 1:
		g.mark(RowInlineGCE)
		return corev1.VolumeSource{GCEPersistentDisk: &corev1.GCEPersistentDiskVolumeSource{PDName: disk, ReadOnly: readOnly}}
	case 2:
		g.mark(RowInlineEBS)
		return corev1.VolumeSource{AWSElasticBlockStore: &corev1.AWSElasticBlockStoreVolumeSource{VolumeID: g.ebsID(disk), ReadOnly: readOnly}}
	case 3:
		g.mark(RowInlineISCSI)
		return corev1.VolumeSource{ISCSI: &corev1.ISCSIVolumeSource{
			TargetPortal: "10.0.0.1", Lun: int32(g.between(0, 1)), IQN: "iqn.2020-01.example:" + disk, ReadOnly: readOnly,
		}}
	case 4, 5:
		g.mark(RowInlineRBD)
		return corev1.VolumeSource{RBD: &corev1.RBDVolumeSource{
			CephMonitors: some(g, 0.5, "mon-0", "mon-1", "mon-2"), RBDPool: pick(g, "rbd", "fast"), RBDImage: disk, ReadOnly: readOnly,
		}}
	case 6:
		g.mark(RowInlineAzure)
		return corev1.VolumeSource{AzureDisk: &corev1.AzureDiskVolumeSource{
			DiskName: disk, DataDiskURI: disk, Kind: g.azureKind(), ReadOnly: &readOnly,
		}}
	case 7:
		g.mark(RowInlineCinder)
		return corev1.VolumeSource{Cinder: &corev1.CinderVolumeSource{VolumeID: disk, ReadOnly: readOnly}}
	default:
		return pick(g,
			corev1.VolumeSource{PortworxVolume: &corev1.PortworxVolumeSource{VolumeID: disk, ReadOnly: readOnly}},
			corev1.VolumeSource{VsphereVolume: &corev1.VsphereVirtualDiskVolumeSource{VolumePath: disk}},
			corev1.VolumeSource{CSI: &corev1.CSIVolumeSource{Driver: plainDriver}})
	}
}
