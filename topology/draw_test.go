// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	storagehelpers "k8s.io/component-helpers/storage/volume"
	"pgregory.net/rapid"
)

// This file draws the objects of random clusters.

func drawKey(t *rapid.T, kind Kind) Key {
	name := fmt.Sprintf("x%d", rapid.IntRange(0, 4).Draw(t, "name"))
	switch kind {
	case KindClass:
		return Key{Name: rapid.SampledFrom([]string{"fast", "slow"}).Draw(t, "class")}
	case KindClaim:
		return Key{
			Namespace: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "namespace"),
			Name:      rapid.SampledFrom([]string{"x0", "x-0", "x-1", "data-x-0", "data-x-10"}).Draw(t, "claim name"),
		}
	case KindPod, KindPool:
		return Key{Namespace: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "namespace"), Name: name}
	default:
		return Key{Name: name}
	}
}

var drawLabels = rapid.MapOfN(
	rapid.SampledFrom([]string{"zone", "rack", "size"}), rapid.SampledFrom([]string{"1", "2", "30"}), 0, 3)

var drawTopologyKeys = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"zone", "rack", corev1.LabelOSStable}), 0, 2, rapid.ID)

func drawSelector(t *rapid.T) *corev1.VolumeNodeAffinity {
	if rapid.IntRange(0, 3).Draw(t, "affinity") == 0 {
		return nil
	}
	required := &corev1.NodeSelector{}
	for range rapid.IntRange(0, 2).Draw(t, "terms") {
		var term corev1.NodeSelectorTerm
		for range rapid.IntRange(0, 2).Draw(t, "requirements") {
			e := corev1.NodeSelectorRequirement{
				Key: rapid.SampledFrom([]string{"zone", "rack", "size", "nobody"}).Draw(t, "key"),
				Operator: rapid.SampledFrom([]corev1.NodeSelectorOperator{
					"In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt", "Near",
				}).Draw(t, "operator"),
			}
			switch e.Operator {
			case "In", "NotIn":
				e.Values = rapid.SliceOfN(rapid.SampledFrom([]string{"1", "2", "30"}), 1, 2).Draw(t, "values")
			case "Gt", "Lt":
				e.Values = []string{rapid.SampledFrom([]string{"1", "2", "x"}).Draw(t, "value")}
			}
			term.MatchExpressions = append(term.MatchExpressions, e)
		}
		if rapid.IntRange(0, 4).Draw(t, "fields") == 0 {
			term.MatchFields = []corev1.NodeSelectorRequirement{{Key: "metadata.name", Operator: "In", Values: []string{"x0"}}}
		}
		required.NodeSelectorTerms = append(required.NodeSelectorTerms, term)
	}
	return &corev1.VolumeNodeAffinity{Required: required}
}

func drawObject(t *rapid.T, kind Kind, key Key) metav1.Object {
	meta := metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}
	size := func(name string) resource.Quantity {
		return *resource.NewQuantity(rapid.Int64Range(1, 9).Draw(t, name), resource.BinarySI)
	}
	class := rapid.SampledFrom([]string{"", "fast", "slow"}).Draw(t, "class")
	switch kind {
	case KindNode:
		meta.Labels = drawLabels.Draw(t, "labels")
		status := rapid.SampledFrom([]corev1.ConditionStatus{"True", "False"}).Draw(t, "ready")
		return &corev1.Node{ObjectMeta: meta, Status: corev1.NodeStatus{
			Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: status}},
		}}
	case KindCSINode:
		n := &storagev1.CSINode{ObjectMeta: meta}
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"d1", "d2"}), 0, 2, rapid.ID).Draw(t, "drivers") {
			n.Spec.Drivers = append(n.Spec.Drivers, storagev1.CSINodeDriver{Name: name, NodeID: key.Name, TopologyKeys: drawTopologyKeys.Draw(t, "topology keys")})
		}
		return n
	case KindClaim:
		c := &corev1.PersistentVolumeClaim{ObjectMeta: meta}
		c.Spec.StorageClassName = &class
		c.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: size("request")}
		if rapid.Bool().Draw(t, "bound") {
			c.Spec.VolumeName = drawKey(t, KindVolume).Name
		} else if rapid.Bool().Draw(t, "selected") {
			c.Annotations = map[string]string{storagehelpers.AnnSelectedNode: drawKey(t, KindNode).Name}
		}
		if rapid.IntRange(0, 5).Draw(t, "deleting") == 0 {
			c.DeletionTimestamp = &metav1.Time{}
		}
		if rapid.IntRange(0, 2).Draw(t, "labelled") == 0 {
			c.Labels = map[string]string{"ceph.rook.io/DeviceSet": rapid.SampledFrom([]string{"1", "2"}).Draw(t, "family")}
		}
		if rapid.IntRange(0, 2).Draw(t, "owned") == 0 {
			c.OwnerReferences = []metav1.OwnerReference{{
				Kind: rapid.SampledFrom([]string{"Pod", "Store"}).Draw(t, "owner's kind"), Controller: new(true),
				UID: types.UID(rapid.SampledFrom([]string{"u1", "u2"}).Draw(t, "owner")),
			}}
		}
		return c
	case KindVolume:
		v := &corev1.PersistentVolume{ObjectMeta: meta}
		v.Spec.StorageClassName = class
		v.Spec.Capacity = corev1.ResourceList{corev1.ResourceStorage: size("capacity")}
		v.Spec.NodeAffinity = drawSelector(t)
		handle := rapid.SampledFrom([]string{"", "h1", "h2"}).Draw(t, "handle")
		switch rapid.IntRange(0, 2).Draw(t, "source") {
		case 0:
			v.Spec.CSI = &corev1.CSIPersistentVolumeSource{Driver: "d1", VolumeHandle: handle}
		case 1:
			v.Spec.AWSElasticBlockStore = &corev1.AWSElasticBlockStoreVolumeSource{VolumeID: handle}
		}
		if rapid.Bool().Draw(t, "zoned") {
			v.Labels = map[string]string{corev1.LabelTopologyZone: rapid.SampledFrom([]string{"1", "1__2", "__", "1___2"}).Draw(t, "zone label")}
		}
		v.Spec.AccessModes = rapid.SliceOfNDistinct(rapid.SampledFrom(
			[]corev1.PersistentVolumeAccessMode{"ReadWriteOnce", "ReadOnlyMany"}), 0, 2, rapid.ID).Draw(t, "modes")
		v.Status.Phase = rapid.SampledFrom([]corev1.PersistentVolumePhase{"Available", "Bound", "Released"}).Draw(t, "phase")
		if rapid.Bool().Draw(t, "claimed") {
			claim := drawKey(t, KindClaim)
			v.Spec.ClaimRef = &corev1.ObjectReference{Namespace: claim.Namespace, Name: claim.Name, UID: types.UID(claim.Name)}
		}
		return v
	case KindClass:
		c := &storagev1.StorageClass{ObjectMeta: meta}
		c.Provisioner = rapid.SampledFrom([]string{"d1", "d2", "kubernetes.io/aws-ebs"}).Draw(t, "provisioner")
		if rapid.Bool().Draw(t, "restricted") {
			c.AllowedTopologies = []corev1.TopologySelectorTerm{{MatchLabelExpressions: []corev1.TopologySelectorLabelRequirement{
				{Key: "zone", Values: rapid.SliceOfN(rapid.SampledFrom([]string{"1", "2"}), 0, 2).Draw(t, "zones")},
			}}}
		}
		return c
	case KindDriver:
		return &storagev1.CSIDriver{ObjectMeta: meta}
	case KindPool:
		p := &storagev1.CSIStorageCapacity{ObjectMeta: meta, StorageClassName: class}
		capacity := size("capacity")
		p.Capacity = &capacity
		if rapid.IntRange(0, 4).Draw(t, "reach") > 0 {
			p.NodeTopology = &metav1.LabelSelector{MatchLabels: rapid.MapOfN(
				rapid.SampledFrom([]string{"zone", "rack"}), rapid.SampledFrom([]string{"1", "2"}), 0, 2).Draw(t, "topology")}
		}
		return p
	case KindAttachment:
		volume := drawKey(t, KindVolume).Name
		return &storagev1.VolumeAttachment{ObjectMeta: meta, Spec: storagev1.VolumeAttachmentSpec{
			Attacher: "d1", NodeName: drawKey(t, KindNode).Name,
			Source: storagev1.VolumeAttachmentSource{PersistentVolumeName: &volume},
		}}
	default:
		p := &corev1.Pod{ObjectMeta: meta}
		p.Status.Phase = rapid.SampledFrom([]corev1.PodPhase{"Pending", "Running", "Succeeded"}).Draw(t, "pod phase")
		if rapid.IntRange(0, 3).Draw(t, "assigned") > 0 {
			p.Spec.NodeName = drawKey(t, KindNode).Name
		}
		if rapid.IntRange(0, 3).Draw(t, "inline") == 0 {
			p.Spec.Volumes = append(p.Spec.Volumes, corev1.Volume{Name: "disk", VolumeSource: corev1.VolumeSource{
				AWSElasticBlockStore: &corev1.AWSElasticBlockStoreVolumeSource{VolumeID: rapid.SampledFrom([]string{"h1", "h2"}).Draw(t, "disk")},
			}})
		}
		if rapid.IntRange(0, 3).Draw(t, "made by the node") == 0 {
			p.Spec.Volumes = append(p.Spec.Volumes, corev1.Volume{Name: "csi", VolumeSource: corev1.VolumeSource{
				CSI: &corev1.CSIVolumeSource{Driver: "d1"},
			}})
		}
		for i := range rapid.IntRange(0, 2).Draw(t, "volumes") {
			claim := drawKey(t, KindClaim).Name
			p.Spec.Volumes = append(p.Spec.Volumes, corev1.Volume{Name: fmt.Sprint("v", i), VolumeSource: corev1.VolumeSource{
				PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim},
			}})
		}
		return p
	}
}
