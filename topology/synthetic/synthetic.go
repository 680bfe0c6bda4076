// SPDX-License-Identifier: Apache-2.0

// Package synthetic makes clusters of any size for benchmarks and tests: nodes in three zones with a CSI driver, bound
// zonal volumes with their claims and pods, and pools. The same size gives the same cluster. It is not for production code.
package synthetic

import (
	"fmt"
	"iter"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moorage-k8s/moorage/topology"
)

// Names that occur in every synthetic cluster.
const (
	Driver    = "zonal.csi.example.com"
	ZoneKey   = "topology.zonal.csi.example.com/zone"
	Zonal     = "zonal" // a class with one pool for each zone
	Local     = "local" // a class with one pool for each node
	Namespace = "default"
)

// Zones are the zones that nodes and volumes are spread over, in turn.
var Zones = []string{"zone-a", "zone-b", "zone-c"}

// Size is how large a cluster is. Every volume is bound to a claim; pods use the claims, and attachments the volumes, in turn.
type Size struct {
	Nodes, Volumes, Attachments, Pods int
	// LocalPools adds one pool of the class Local for each node.
	LocalPools bool
}

// Cache returns a cache that holds a cluster of the size, synced.
func Cache(size Size) *topology.Cache {
	c := topology.New(topology.Options{})
	byKind := map[topology.Kind][]metav1.Object{}
	for o := range Objects(size) {
		kind, _ := topology.KindOf(o)
		byKind[kind] = append(byKind[kind], o)
	}
	for _, kind := range topology.Kinds {
		if err := c.Replace(kind, byKind[kind]); err != nil {
			panic(err)
		}
		byKind[kind] = nil
	}
	return c
}

// Objects makes the objects of a cluster of the size, one at a time.
func Objects(size Size) iter.Seq[metav1.Object] {
	return func(yield func(metav1.Object) bool) {
		all(size, yield)
	}
}

// all is Objects until yield returns false.
func all(size Size, yield func(metav1.Object) bool) bool {
	driver := &storagev1.CSIDriver{ObjectMeta: metav1.ObjectMeta{Name: Driver}, Spec: storagev1.CSIDriverSpec{StorageCapacity: new(true)}}
	if !yield(driver) {
		return false
	}
	for _, class := range []string{Zonal, Local} {
		if !yield(&storagev1.StorageClass{
			ObjectMeta: metav1.ObjectMeta{Name: class}, Provisioner: Driver,
			VolumeBindingMode: new(storagev1.VolumeBindingWaitForFirstConsumer),
		}) {
			return false
		}
	}
	for i, zone := range Zones {
		if !yield(Pool("zonal-"+zone, Zonal, map[string]string{ZoneKey: zone}, int64(i+1)<<40)) {
			return false
		}
	}
	for i := range size.Nodes {
		if !yield(Node(i)) || !yield(csiNode(i)) {
			return false
		}
		if size.LocalPools && !yield(Pool("local-"+NodeName(i), Local, map[string]string{corev1.LabelHostname: NodeName(i)}, int64(i%9+1)<<30)) {
			return false
		}
	}
	for i := range size.Volumes {
		if !yield(Volume(i)) || !yield(BoundClaim(i)) {
			return false
		}
	}
	for i := range size.Attachments {
		if !yield(Attachment(i, i%max(size.Nodes, 1), i%max(size.Volumes, 1))) {
			return false
		}
	}
	for i := range size.Pods {
		if !yield(Pod(i, i%max(size.Nodes, 1), i%max(size.Volumes, 1))) {
			return false
		}
	}
	return true
}

// NodeName is the name of node i.
func NodeName(i int) string {
	return fmt.Sprintf("ip-10-%d-%d-%d.example.internal", i>>16, i>>8&255, i&255)
}

// Node is node i, with the labels that a cloud gives a node.
func Node(i int) *corev1.Node {
	zone := Zones[i%len(Zones)]
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: NodeName(i), Labels: map[string]string{
			corev1.LabelHostname: NodeName(i), corev1.LabelTopologyZone: zone, ZoneKey: zone,
			corev1.LabelTopologyRegion: "region-1", corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64",
			corev1.LabelInstanceTypeStable: "m5.2xlarge", "node.kubernetes.io/pool": fmt.Sprint("pool-", i%7),
		}},
		Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}},
	}
}

func csiNode(i int) *storagev1.CSINode {
	return &storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: NodeName(i)}, Spec: storagev1.CSINodeSpec{
		Drivers: []storagev1.CSINodeDriver{{
			Name: Driver, NodeID: NodeName(i), TopologyKeys: []string{ZoneKey},
			Allocatable: &storagev1.VolumeNodeResources{Count: new(int32(25))},
		}},
	}}
}

// VolumeName is the name of volume i.
func VolumeName(i int) string { return fmt.Sprintf("pvc-%08x-5e0b-4f4f-8d0a-%012x", i, i) }

// ClaimName is the name of the claim that volume i is bound to.
func ClaimName(i int) string { return fmt.Sprintf("data-db-%d", i) }

// Volume is volume i, in the zone whose turn it is.
func Volume(i int) *corev1.PersistentVolume {
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: VolumeName(i), UID: types.UID(fmt.Sprintf("%036d", i))},
		Spec: corev1.PersistentVolumeSpec{
			StorageClassName: Zonal,
			AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Capacity:         corev1.ResourceList{corev1.ResourceStorage: *resource.NewQuantity(10<<30, resource.BinarySI)},
			PersistentVolumeSource: corev1.PersistentVolumeSource{
				CSI: &corev1.CSIPersistentVolumeSource{Driver: Driver, VolumeHandle: fmt.Sprintf("vol-%017x", i)},
			},
			ClaimRef: &corev1.ObjectReference{Namespace: Namespace, Name: ClaimName(i), UID: types.UID(fmt.Sprintf("%036d", i))},
			NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchExpressions: []corev1.NodeSelectorRequirement{{
					Key: ZoneKey, Operator: corev1.NodeSelectorOpIn, Values: []string{Zones[i%len(Zones)]},
				}},
			}}}},
		},
		Status: corev1.PersistentVolumeStatus{Phase: corev1.VolumeBound},
	}
}

// BoundClaim is the claim that volume i is bound to.
func BoundClaim(i int) *corev1.PersistentVolumeClaim {
	c := Claim(ClaimName(i), Zonal, 10<<30)
	c.UID = types.UID(fmt.Sprintf("%036d", i))
	c.Annotations = map[string]string{"pv.kubernetes.io/bind-completed": "yes"}
	c.Spec.VolumeName = VolumeName(i)
	return c
}

// Claim is a claim of the class that is not bound.
func Claim(name, class string, bytes int64) *corev1.PersistentVolumeClaim {
	return &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: name},
		Spec: corev1.PersistentVolumeClaimSpec{
			StorageClassName: &class,
			AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceStorage: *resource.NewQuantity(bytes, resource.BinarySI)},
			},
		},
	}
}

// Pod is pod i, on the node and with the claim of the volume.
func Pod(i, node, volume int) *corev1.Pod {
	return PodWithClaims(fmt.Sprintf("db-%d", i), NodeName(node), ClaimName(volume))
}

// PodWithClaims is a pod with a volume for each claim; node may be empty.
func PodWithClaims(name, node string, claims ...string) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: name, UID: types.UID("pod-" + name)},
		Spec:       corev1.PodSpec{NodeName: node},
	}
	for _, claim := range claims {
		p.Spec.Volumes = append(p.Spec.Volumes, corev1.Volume{Name: claim, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim},
		}})
	}
	return p
}

// Attachment is attachment i, of the volume to the node.
func Attachment(i, node, volume int) *storagev1.VolumeAttachment {
	return &storagev1.VolumeAttachment{
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("csi-%064x", i)},
		Spec: storagev1.VolumeAttachmentSpec{
			Attacher: Driver, NodeName: NodeName(node), Source: storagev1.VolumeAttachmentSource{PersistentVolumeName: new(VolumeName(volume))},
		},
		Status: storagev1.VolumeAttachmentStatus{Attached: true},
	}
}

// Pool is a pool of the class with that much room, for the nodes with the labels.
func Pool(name, class string, nodes map[string]string, bytes int64) *storagev1.CSIStorageCapacity {
	return &storagev1.CSIStorageCapacity{
		ObjectMeta:       metav1.ObjectMeta{Namespace: "kube-system", Name: name},
		StorageClassName: class,
		NodeTopology:     &metav1.LabelSelector{MatchLabels: nodes},
		Capacity:         resource.NewQuantity(bytes, resource.BinarySI),
	}
}
