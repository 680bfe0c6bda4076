// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	storagehelpers "k8s.io/component-helpers/storage/volume"
)

func (g *generator) makeClaims() {
	for i := range g.between(4, 9) {
		g.addClaim(mainNamespace, fmt.Sprintf("claim-%d", i))
	}
	for i := range g.between(2, 4) {
		g.addClaim(otherNamespace, fmt.Sprintf("claim-%d", i))
	}
}

func (g *generator) addClaim(namespace, name string) *corev1.PersistentVolumeClaim {
	c := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: g.uid()},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: g.accessModes(), VolumeMode: g.volumeMode(),
		},
		Status: corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimPending},
	}
	if !g.marked(0.04, RowClaimNoRequest) {
		c.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: *gigabytes(g.between(1, 30))}
	}
	if g.chance(g.dials.oncePod) {
		c.Spec.AccessModes = []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOncePod}
	}
	if c.Spec.VolumeAttributesClassName = g.attributesClass(); c.Spec.VolumeAttributesClassName != nil {
		g.mark(RowAttributesClaim)
	}
	g.nameClass(c)
	g.selectVolumes(c)
	g.holdBack(c)
	g.cluster.Claims = append(g.cluster.Claims, c)
	return c
}

// nameClass gives the claim a class, for the most part one that waits for the first consumer.
func (g *generator) nameClass(c *corev1.PersistentVolumeClaim) {
	var waiting []string
	for _, class := range g.cluster.Classes {
		if mode := class.VolumeBindingMode; mode != nil && *mode == storagev1.VolumeBindingWaitForFirstConsumer {
			waiting = append(waiting, class.Name)
		}
	}
	class := pick(g, g.classes...)
	if len(waiting) > 0 && !g.chance(g.dials.held) {
		class = pick(g, waiting...)
	}
	switch {
	case g.marked(g.dials.held*0.2, RowClassMissing):
		c.Spec.StorageClassName = &missingName
	case g.chance(g.dials.held * 0.2):
		c.Spec.StorageClassName = pick(g, nil, new(""))
	case g.chance(g.dials.held * 0.1):
		c.Annotations, c.Spec.StorageClassName = map[string]string{corev1.BetaStorageClassAnnotation: ""}, &class
	default:
		annotations, field := g.classOf(class)
		c.Annotations, c.Spec.StorageClassName = annotations, &field
	}
}

func (g *generator) selectVolumes(c *corev1.PersistentVolumeClaim) {
	switch {
	case g.marked(g.dials.unreadable*0.3, RowSelectorUnreadable):
		c.Spec.Selector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "disk", Operator: "Near"}}}
	case g.marked(0.15, RowClaimSelector):
		c.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"disk": pick(g, diskLabels...)}}
	case g.marked(0.1, RowClaimSelector):
		c.Spec.Selector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
			g.labelRequirement("disk", some(g, 0.7, append(diskLabels, "tape")...)),
		}}
		if r := &c.Spec.Selector.MatchExpressions[0]; len(r.Values) == 0 &&
			(r.Operator == metav1.LabelSelectorOpIn || r.Operator == metav1.LabelSelectorOpNotIn) {
			r.Values = diskLabels
		}
	case g.chance(0.03):
		c.Spec.Selector = &metav1.LabelSelector{}
	}
}

// holdBack puts the claim into a state in which kube-scheduler holds every pod back that uses it.
func (g *generator) holdBack(c *corev1.PersistentVolumeClaim) {
	switch {
	case g.marked(g.dials.held*0.3, RowClaimDeleting):
		c.DeletionTimestamp = deleted()
	case g.marked(g.dials.held*0.3, RowClaimLost):
		c.Status.Phase = corev1.ClaimLost
	}
}

// bindVolumes binds claims to volumes, keeps volumes for claims, and selects nodes.
func (g *generator) bindVolumes() {
	var free []*corev1.PersistentVolume
	for _, i := range g.rng.Perm(len(g.cluster.Volumes)) {
		free = append(free, g.cluster.Volumes[i])
	}
	for _, c := range g.cluster.Claims {
		if g.chance(g.dials.delayed*1.5) || len(free) == 0 {
			free = g.delay(c, free)
			continue
		}
		v := free[0]
		if g.chance(0.9) {
			free = free[1:]
		}
		g.bind(c, v)
	}
	for _, v := range free {
		switch {
		case v.Spec.ClaimRef != nil:
		case g.marked(0.05, RowPreboundOther):
			v.Spec.ClaimRef = &corev1.ObjectReference{Namespace: mainNamespace, Name: missingName}
		case g.marked(0.02, RowPreboundNameless):
			v.Spec.ClaimRef = &corev1.ObjectReference{Kind: "PersistentVolumeClaim"}
		}
	}
}

func (g *generator) bind(c *corev1.PersistentVolumeClaim, v *corev1.PersistentVolume) {
	c.Spec.VolumeName = v.Name
	if c.Status.Phase != corev1.ClaimLost {
		c.Status.Phase = pick(g, corev1.ClaimBound, corev1.ClaimBound, corev1.ClaimPending)
	}
	if g.chance(g.dials.held * 0.2) {
		c.Spec.VolumeName = missingName
	}
	if !g.marked(g.dials.held*0.5, RowNotCompleted) {
		c.Annotations = withEntry(c.Annotations, storagehelpers.AnnBindCompleted, pick(g, "yes", ""))
	}
	if g.chance(0.1) {
		// Left over from when it was provisioned: a bound claim's selected node means nothing.
		c.Annotations = withEntry(c.Annotations, storagehelpers.AnnSelectedNode, g.nodeName())
	}
	if g.chance(0.9) && v.Spec.ClaimRef == nil {
		v.Spec.ClaimRef = &corev1.ObjectReference{Namespace: c.Namespace, Name: c.Name, UID: c.UID}
		v.Status.Phase = corev1.VolumeBound
	}
}

// delay leaves the claim unbound, and may keep a volume for it: one at most, as in-tree takes any of several.
func (g *generator) delay(c *corev1.PersistentVolumeClaim, free []*corev1.PersistentVolume) []*corev1.PersistentVolume {
	switch {
	case g.marked(0.12, RowSelectedNode):
		c.Annotations = withEntry(c.Annotations, storagehelpers.AnnSelectedNode, g.nodeName())
	case g.marked(0.02, RowSelectedNodeEmpty):
		c.Annotations = withEntry(c.Annotations, storagehelpers.AnnSelectedNode, "")
	case g.marked(0.02, RowSelectedNodeGone):
		c.Annotations = withEntry(c.Annotations, storagehelpers.AnnSelectedNode, missingName)
	}
	if len(free) == 0 || !g.chance(0.25) {
		return free
	}
	v := free[0]
	if v.Spec.ClaimRef != nil {
		return free
	}
	v.Spec.ClaimRef = &corev1.ObjectReference{Namespace: c.Namespace, Name: c.Name}
	switch {
	case g.chance(0.4):
		v.Spec.ClaimRef.UID = c.UID
	case g.marked(0.15, RowPreboundUID):
		v.Spec.ClaimRef.UID = "of another"
	}
	if v.Spec.NodeAffinity != nil {
		g.mark(RowPreboundAffinity)
	}
	if g.chance(0.8) {
		// As if its owner had made it for this claim.
		v.Annotations, v.Spec.StorageClassName = nil, storagehelpers.GetPersistentVolumeClaimClass(c)
		v.Spec.VolumeMode, v.Spec.VolumeAttributesClassName = c.Spec.VolumeMode, c.Spec.VolumeAttributesClassName
	}
	if g.chance(0.3) {
		v.Status.Phase = corev1.VolumeBound
	}
	return free[1:]
}

// withEntry returns the map with one more entry; maps of objects are not shared.
func withEntry(m map[string]string, key, value string) map[string]string {
	if m == nil {
		m = map[string]string{}
	}
	m[key] = value
	return m
}

// claim finds a claim of the round, or nil.
func (g *generator) claim(namespace, name string) *corev1.PersistentVolumeClaim {
	i := slices.IndexFunc(g.cluster.Claims, func(c *corev1.PersistentVolumeClaim) bool {
		return c.Namespace == namespace && c.Name == name
	})
	if i < 0 {
		return nil
	}
	return g.cluster.Claims[i]
}
