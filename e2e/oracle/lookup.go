// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"slices"
	"strings"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-helpers/storage/ephemeral"
	storagehelpers "k8s.io/component-helpers/storage/volume"
	csitranslation "k8s.io/csi-translation-lib"
)

// lookup finds objects of one cluster by name.
type lookup struct {
	cluster *Cluster
	nodes   map[string]bool
	claims  map[string]*corev1.PersistentVolumeClaim
	volumes map[string]*corev1.PersistentVolume
	classes map[string]*storagev1.StorageClass
}

func newLookup(c *Cluster) *lookup {
	x := &lookup{
		cluster: c,
		nodes:   make(map[string]bool, len(c.Nodes)),
		claims:  make(map[string]*corev1.PersistentVolumeClaim, len(c.Claims)),
		volumes: make(map[string]*corev1.PersistentVolume, len(c.Volumes)),
		classes: make(map[string]*storagev1.StorageClass, len(c.Classes)),
	}
	for _, o := range c.Nodes {
		x.nodes[o.Name] = true
	}
	for _, o := range c.Claims {
		x.claims[o.Namespace+"/"+o.Name] = o
	}
	for _, o := range c.Volumes {
		x.volumes[o.Name] = o
	}
	for _, o := range c.Classes {
		x.classes[o.Name] = o
	}
	return x
}

// usesClaim reports whether the volume comes from a claim, which claimOf finds.
func usesClaim(v *corev1.Volume) bool { return v.PersistentVolumeClaim != nil || v.Ephemeral != nil }

// claimOf is the claim of a pod's volume; nil where it has none or the cluster does not hold it.
func (x *lookup) claimOf(pod *corev1.Pod, v *corev1.Volume) *corev1.PersistentVolumeClaim {
	switch {
	case v.PersistentVolumeClaim != nil:
		return x.claims[pod.Namespace+"/"+v.PersistentVolumeClaim.ClaimName]
	case v.Ephemeral != nil:
		return x.claims[pod.Namespace+"/"+ephemeral.VolumeClaimName(pod, v)]
	default:
		return nil
	}
}

// volumesOf are the volumes that the claims of the pod name, as far as the cluster holds them.
func (x *lookup) volumesOf(pod *corev1.Pod) []*corev1.PersistentVolume {
	var out []*corev1.PersistentVolume
	for i := range pod.Spec.Volumes {
		if claim := x.claimOf(pod, &pod.Spec.Volumes[i]); claim != nil {
			if pv := x.volumes[claim.Spec.VolumeName]; pv != nil {
				out = append(out, pv)
			}
		}
	}
	return out
}

// migratedOn reports whether the node's CSINode names the in-tree plugin as one that CSI serves.
func (x *lookup) migratedOn(node, plugin string) bool {
	return slices.ContainsFunc(x.cluster.CSINodes, func(n *storagev1.CSINode) bool {
		return n.Name == node && slices.Contains(strings.Split(n.Annotations[corev1.MigratedPluginsAnnotationKey], ","), plugin)
	})
}

// foreign reports whether an ephemeral volume's claim was made for something else.
func (x *lookup) foreign(pod *corev1.Pod, v *corev1.Volume) bool {
	claim := x.claimOf(pod, v)
	return v.Ephemeral != nil && claim != nil && ephemeral.VolumeIsForPod(pod, claim) != nil
}

// bound is kube-scheduler's view: a volume's name, and the binder's word that it is done.
func bound(c *corev1.PersistentVolumeClaim) bool {
	return c.Spec.VolumeName != "" && metav1.HasAnnotation(c.ObjectMeta, storagehelpers.AnnBindCompleted)
}

// waits reports whether the claim's class waits for the first consumer.
func (x *lookup) waits(c *corev1.PersistentVolumeClaim) bool {
	class := x.classes[storagehelpers.GetPersistentVolumeClaimClass(c)]
	return class != nil && class.VolumeBindingMode != nil && *class.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer
}

var translator = csitranslation.New()

// identities are the volumes that the pod brings to a node, by driver/handle, with migrated ones by their CSI names. Each
// comes as another pod of the namespace would name it.
func (x *lookup) identities(pod *corev1.Pod) map[string]corev1.Volume {
	out := map[string]corev1.Volume{}
	note := func(v corev1.Volume, pv *corev1.PersistentVolume, err error) {
		if err == nil && pv != nil && pv.Spec.CSI != nil {
			out[pv.Spec.CSI.Driver+"/"+pv.Spec.CSI.VolumeHandle] = v
		}
	}
	for _, v := range pod.Spec.Volumes {
		if !usesClaim(&v) {
			if translator.IsInlineMigratable(&v) {
				pv, err := translator.TranslateInTreeInlineVolumeToCSI(logr.Discard(), &v, pod.Namespace)
				note(v, pv, err)
			}
			continue
		}
		claim := x.claimOf(pod, &v)
		if claim == nil {
			continue
		}
		named := corev1.Volume{Name: v.Name, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim.Name},
		}}
		pv := x.volumes[claim.Spec.VolumeName]
		if pv != nil && translator.IsPVMigratable(pv) {
			translated, err := translator.TranslateInTreePVToCSI(logr.Discard(), pv)
			note(named, translated, err)
		} else {
			note(named, pv, nil)
		}
	}
	return out
}
