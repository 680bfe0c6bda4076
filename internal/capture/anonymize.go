// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"fmt"
	"slices"
	"strings"

	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	storagehelpers "k8s.io/component-helpers/storage/volume"

	"github.com/moorage-k8s/moorage/explain/event"
	"github.com/moorage-k8s/moorage/topology"
)

// Anonymize returns the kept objects of a cluster with other names in the place of all names: of objects, labels, label
// values, zones, volume handles and UIDs. Names that are the same everywhere stay, as they say what a thing is: Kubernetes' own
// label keys, the names of drivers that the driver catalog knows and their topology keys, namespaces such as kube-system.
//
// Of the texts of events and drivers' errors what remains is what the table of known texts has; the rest is left out.
//
// What remains to be seen: sizes, counts, times, how many words a name has and which names share some, the ordinals at the end of names, and how names sort.
func Anonymize(objects map[topology.Kind][]metav1.Object) (map[topology.Kind][]metav1.Object, error) {
	n := &renamer{words: words{gathered: map[string]struct{}{}}, compared: comparedKeys(objects), ephemeral: ephemeralClaims(objects)}
	gather := func(o metav1.Object) error { return n.object(o) }
	if _, err := eachCopy(objects, gather); err != nil {
		return nil, err
	}
	n.words.seal()
	return eachCopy(objects, n.object)
}

func eachCopy(objects map[topology.Kind][]metav1.Object, change func(metav1.Object) error) (map[topology.Kind][]metav1.Object, error) {
	out := make(map[topology.Kind][]metav1.Object, len(objects))
	for kind, list := range objects {
		copies := make([]metav1.Object, len(list))
		for i, o := range list {
			copied, ok := o.(runtime.Object).DeepCopyObject().(metav1.Object)
			if !ok {
				return nil, fmt.Errorf("anonymize %s %s: it is not an API object", kind, o.GetName())
			}
			if err := change(copied); err != nil {
				return nil, err
			}
			copies[i] = copied
		}
		out[kind] = copies
	}
	return out, nil
}

// comparedKeys are the labels and taints whose values something compares as numbers: these values stay.
func comparedKeys(objects map[topology.Kind][]metav1.Object) map[string]bool {
	out := map[string]bool{}
	of := func(terms []corev1.NodeSelectorTerm) {
		for _, term := range terms {
			for _, e := range term.MatchExpressions {
				if e.Operator == corev1.NodeSelectorOpGt || e.Operator == corev1.NodeSelectorOpLt {
					out[e.Key] = true
				}
			}
		}
	}
	for _, o := range objects[topology.KindVolume] {
		if v, ok := o.(*corev1.PersistentVolume); ok && v.Spec.NodeAffinity != nil && v.Spec.NodeAffinity.Required != nil {
			of(v.Spec.NodeAffinity.Required.NodeSelectorTerms)
		}
	}
	for _, o := range objects[topology.KindPod] {
		pod, ok := o.(*corev1.Pod)
		if !ok {
			continue
		}
		eachNodeTerm(pod, func(term *corev1.NodeSelectorTerm) { of([]corev1.NodeSelectorTerm{*term}) })
		for i := range pod.Spec.Tolerations {
			t := &pod.Spec.Tolerations[i]
			// Without a key it is compared with the values of all taints, if it is not for any; an API server refuses that.
			compared := t.Operator == corev1.TolerationOpGt || t.Operator == corev1.TolerationOpLt || t.Key == "" && t.Operator != corev1.TolerationOpExists
			if compared {
				out[t.Key] = true
			}
		}
	}
	if out[""] {
		for _, o := range objects[topology.KindNode] {
			if node, ok := o.(*corev1.Node); ok {
				for i := range node.Spec.Taints {
					out[node.Spec.Taints[i].Key] = true
				}
			}
		}
	}
	return out
}

// ephemeralClaims are the names of the claims that pods' ephemeral volumes use, no matter what owns these claims, and of those that belong to
// a pod and begin with its name.
func ephemeralClaims(objects map[topology.Kind][]metav1.Object) map[string]string {
	out := map[string]string{}
	for _, o := range objects[topology.KindPod] {
		pod, ok := o.(*corev1.Pod)
		if !ok {
			continue
		}
		for i := range pod.Spec.Volumes {
			if v := &pod.Spec.Volumes[i]; v.Ephemeral != nil {
				out[pod.Name+"-"+v.Name] = pod.Name
			}
		}
	}
	for _, o := range objects[topology.KindClaim] {
		if owner := metav1.GetControllerOfNoCopy(o); owner != nil && owner.Kind == "Pod" && strings.HasPrefix(o.GetName(), owner.Name+"-") {
			out[o.GetName()] = owner.Name
		}
	}
	return out
}

// object renames an object in place.
func (n *renamer) object(object metav1.Object) error {
	n.meta(object)
	switch o := object.(type) {
	case *corev1.Namespace:
	case *corev1.Node:
		for i := range o.Spec.Taints {
			t := &o.Spec.Taints[i]
			t.Key, t.Value = n.labelKey(t.Key), n.labelValue(t.Key, t.Value)
		}
		o.Status.Allocatable = n.resources(o.Status.Allocatable)
	case *storagev1.CSINode:
		for i := range o.Spec.Drivers {
			d := &o.Spec.Drivers[i]
			d.Name = n.driver(d.Name)
			for k := range d.TopologyKeys {
				d.TopologyKeys[k] = n.labelKey(d.TopologyKeys[k])
			}
		}
	case *storagev1.CSIDriver:
	case *storagev1.StorageClass:
		o.Provisioner = n.driver(o.Provisioner)
		for key, value := range o.Parameters {
			o.Parameters[key] = n.setting(value)
		}
		for t := range o.AllowedTopologies {
			for e := range o.AllowedTopologies[t].MatchLabelExpressions {
				expression := &o.AllowedTopologies[t].MatchLabelExpressions[e]
				n.values(expression.Key, expression.Values)
				expression.Key = n.labelKey(expression.Key)
			}
		}
	case *storagev1.CSIStorageCapacity:
		o.StorageClassName = n.name(o.StorageClassName)
		n.selector(o.NodeTopology)
	case *corev1.PersistentVolume:
		n.volume(o)
	case *corev1.PersistentVolumeClaim:
		n.claim(o)
	case *storagev1.VolumeAttachment:
		o.Spec.Attacher, o.Spec.NodeName = n.driver(o.Spec.Attacher), n.name(o.Spec.NodeName)
		n.pointer(o.Spec.Source.PersistentVolumeName, n.name)
		n.volumeError(event.Attach, o.Status.AttachError)
		n.volumeError(event.Detach, o.Status.DetachError)
		for i := range o.Finalizers {
			o.Finalizers[i] = n.finalizer(o.Finalizers[i])
		}
	case *corev1.Event:
		n.event(o)
	case *corev1.Pod:
		o.Spec.NodeName = n.name(o.Spec.NodeName)
		// kube-scheduler's words may name anything.
		o.Status.Conditions = slices.DeleteFunc(o.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == corev1.PodScheduled })
		o.Status.NominatedNodeName = n.name(o.Status.NominatedNodeName)
		n.scheduling(&o.Spec)
		eachNodeTerm(o, n.nodeTerm)
		if o.Spec.SchedulingGroup != nil {
			n.pointer(o.Spec.SchedulingGroup.PodGroupName, n.workload)
		}
		for i := range o.Spec.Volumes {
			n.podVolume(&o.Spec.Volumes[i])
		}
	case *policyv1.PodDisruptionBudget:
		n.selector(o.Spec.Selector)
	case *storagev1.VolumeAttributesClass:
		o.DriverName = n.driver(o.DriverName)
	case *snapshotv1.VolumeSnapshotClass:
		o.Driver = n.driver(o.Driver)
	case *snapshotv1.VolumeSnapshotContent:
		o.Spec.Driver = n.driver(o.Spec.Driver)
		n.pointer(o.Spec.Source.VolumeHandle, n.name)
		ref := &o.Spec.VolumeSnapshotRef
		ref.Namespace, ref.Name = n.name(ref.Namespace), n.name(ref.Name)
	case *snapshotv1.VolumeSnapshot:
		n.pointer(o.Spec.VolumeSnapshotClassName, n.name)
		n.pointer(o.Spec.Source.PersistentVolumeClaimName, n.workload)
		n.pointer(o.Spec.Source.VolumeSnapshotContentName, n.name)
		if o.Status != nil {
			n.pointer(o.Status.BoundVolumeSnapshotContentName, n.name)
		}
	default:
		return fmt.Errorf("anonymize %T %s: which of its fields are names is not known", object, object.GetName())
	}
	return nil
}

func (n *renamer) meta(o metav1.Object) {
	switch o.(type) {
	case *corev1.Pod, *corev1.PersistentVolumeClaim:
		o.SetName(n.workload(o.GetName()))
	case *storagev1.CSIDriver:
		o.SetName(n.driver(o.GetName()))
	default:
		o.SetName(n.name(o.GetName()))
	}
	o.SetNamespace(n.name(o.GetNamespace()))
	o.SetUID(n.uid(o.GetUID()))
	o.SetLabels(n.labels(o.GetLabels()))
	annotations := o.GetAnnotations()
	for _, key := range []string{storagehelpers.AnnSelectedNode, corev1.BetaStorageClassAnnotation} {
		if value, ok := annotations[key]; ok {
			annotations[key] = n.name(value)
		}
	}
	owners := o.GetOwnerReferences()
	for i := range owners {
		rename := n.name
		if owners[i].Kind == "Pod" {
			rename = n.workload
		}
		owners[i].Name, owners[i].UID = rename(owners[i].Name), n.uid(owners[i].UID)
		if group, _, grouped := strings.Cut(owners[i].APIVersion, "/"); grouped && !slices.Contains([]string{"apps", "batch"}, group) {
			owners[i].APIVersion, owners[i].Kind = "v1", "Owner"
		}
	}
	o.SetOwnerReferences(owners)
}

func (n *renamer) volume(v *corev1.PersistentVolume) {
	v.Spec.StorageClassName = n.name(v.Spec.StorageClassName)
	for i := range v.Finalizers {
		v.Finalizers[i] = n.finalizer(v.Finalizers[i])
	}
	n.pointer(v.Spec.VolumeAttributesClassName, n.name)
	if ref := v.Spec.ClaimRef; ref != nil {
		ref.Namespace, ref.Name, ref.UID = n.name(ref.Namespace), n.workload(ref.Name), n.uid(ref.UID)
	}
	if a := v.Spec.NodeAffinity; a != nil && a.Required != nil {
		for t := range a.Required.NodeSelectorTerms {
			n.nodeTerm(&a.Required.NodeSelectorTerms[t])
		}
	}
	switch s := &v.Spec.PersistentVolumeSource; {
	case s.CSI != nil:
		s.CSI.Driver, s.CSI.VolumeHandle, s.CSI.FSType = n.driver(s.CSI.Driver), n.name(s.CSI.VolumeHandle), n.setting(s.CSI.FSType)
	case s.AWSElasticBlockStore != nil:
		s.AWSElasticBlockStore.VolumeID = n.name(s.AWSElasticBlockStore.VolumeID)
	case s.GCEPersistentDisk != nil:
		s.GCEPersistentDisk.PDName = n.name(s.GCEPersistentDisk.PDName)
	case s.AzureDisk != nil:
		s.AzureDisk.DataDiskURI = n.name(s.AzureDisk.DataDiskURI)
	case s.AzureFile != nil:
		n.pointer(s.AzureFile.SecretNamespace, n.name)
	case s.Cinder != nil:
		s.Cinder.VolumeID = n.name(s.Cinder.VolumeID)
	case s.PortworxVolume != nil:
		s.PortworxVolume.VolumeID = n.name(s.PortworxVolume.VolumeID)
	}
}

func (n *renamer) claim(c *corev1.PersistentVolumeClaim) {
	c.Spec.VolumeName = n.name(c.Spec.VolumeName)
	n.pointer(c.Spec.StorageClassName, n.name)
	n.pointer(c.Status.CurrentVolumeAttributesClassName, n.name)
	if m := c.Status.ModifyVolumeStatus; m != nil {
		m.TargetVolumeAttributesClassName = n.name(m.TargetVolumeAttributesClassName)
	}
	for i := range c.Finalizers {
		c.Finalizers[i] = n.finalizer(c.Finalizers[i])
	}
	n.pointer(c.Spec.VolumeAttributesClassName, n.name)
	n.selector(c.Spec.Selector)
	switch source := c.Spec.DataSourceRef; {
	case source == nil:
	case source.APIGroup == nil || *source.APIGroup == corev1.GroupName:
		source.Name = n.workload(source.Name)
		n.pointer(source.Namespace, n.name)
	case *source.APIGroup == snapshotv1.GroupName:
		source.Name = n.name(source.Name)
		n.pointer(source.Namespace, n.name)
	default:
		source.APIGroup, source.Kind = new("example.com"), "Populator"
	}
}

func (n *renamer) podVolume(v *corev1.Volume) {
	v.Name = n.name(v.Name)
	switch {
	case v.PersistentVolumeClaim != nil:
		v.PersistentVolumeClaim.ClaimName = n.workload(v.PersistentVolumeClaim.ClaimName)
	case v.CSI != nil:
		v.CSI.Driver = n.driver(v.CSI.Driver)
	case v.GCEPersistentDisk != nil:
		v.GCEPersistentDisk.PDName = n.name(v.GCEPersistentDisk.PDName)
	case v.AWSElasticBlockStore != nil:
		v.AWSElasticBlockStore.VolumeID = n.name(v.AWSElasticBlockStore.VolumeID)
	case v.ISCSI != nil:
		v.ISCSI.IQN = n.name(v.ISCSI.IQN)
	case v.RBD != nil:
		for i := range v.RBD.CephMonitors {
			v.RBD.CephMonitors[i] = n.name(v.RBD.CephMonitors[i])
		}
		v.RBD.RBDPool, v.RBD.RBDImage = n.name(v.RBD.RBDPool), n.name(v.RBD.RBDImage)
	case v.AzureDisk != nil:
		v.AzureDisk.DiskName, v.AzureDisk.DataDiskURI = n.name(v.AzureDisk.DiskName), n.name(v.AzureDisk.DataDiskURI)
	case v.Cinder != nil:
		v.Cinder.VolumeID = n.name(v.Cinder.VolumeID)
	case v.PortworxVolume != nil:
		v.PortworxVolume.VolumeID = n.name(v.PortworxVolume.VolumeID)
	}
}

func (n *renamer) selector(s *metav1.LabelSelector) {
	if s == nil {
		return
	}
	s.MatchLabels = n.labels(s.MatchLabels)
	for i := range s.MatchExpressions {
		e := &s.MatchExpressions[i]
		n.values(e.Key, e.Values)
		e.Key = n.labelKey(e.Key)
	}
}

func (n *renamer) uid(uid types.UID) types.UID { return types.UID(n.name(string(uid))) }

func (n *renamer) pointer(to *string, rename func(string) string) {
	if to != nil {
		*to = rename(*to)
	}
}
