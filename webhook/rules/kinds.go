// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"reflect"
	"sync"

	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Kind is the kind of an object that moorage has rules for.
type Kind string

// The kinds.
const (
	Pod                   Kind = "Pod"
	ReplicaSet            Kind = "ReplicaSet"
	Deployment            Kind = "Deployment"
	StatefulSet           Kind = "StatefulSet"
	DaemonSet             Kind = "DaemonSet"
	Job                   Kind = "Job"
	CronJob               Kind = "CronJob"
	PersistentVolumeClaim Kind = "PersistentVolumeClaim"
	PersistentVolume      Kind = "PersistentVolume"
	StorageClass          Kind = "StorageClass"
	VolumeAttributesClass Kind = "VolumeAttributesClass"
	VolumeSnapshot        Kind = "VolumeSnapshot"
	VolumeSnapshotContent Kind = "VolumeSnapshotContent"
	VolumeSnapshotClass   Kind = "VolumeSnapshotClass"
	// These are read in files only: see KindInfo.OnlyInFiles.
	ConfigMap             Kind = "ConfigMap"
	ReplicationController Kind = "ReplicationController"
	PodTemplate           Kind = "PodTemplate"
)

// KindInfo says how a kind is called in the API and how it is decoded.
type KindInfo struct {
	Kind Kind
	// Version is the one group and version that rules read. The API server converts others to it, because the webhook
	// configurations match equivalent versions.
	Version schema.GroupVersion
	// Resource is the plural name, and Subresources those of its subresources that carry the object and that rules read.
	Resource     string
	Subresources []string
	// New returns an empty object to decode into.
	New func() runtime.Object
}

// OnlyInFiles says that the webhook is not asked about the kind. ConfigMaps change all the time, some every few seconds by
// those who elect a leader with them, and none of that is worth a request. Few make ReplicationControllers still, whose pods are asked about, and a
// PodTemplate makes no pods.
func (k KindInfo) OnlyInFiles() bool {
	return k.Kind == ConfigMap || k.Kind == ReplicationController || k.Kind == PodTemplate
}

// KindTable lists every kind, in the order of the constants. It must not be changed.
var KindTable = []KindInfo{
	{Pod, corev1.SchemeGroupVersion, "pods", []string{"ephemeralcontainers"}, func() runtime.Object { return &corev1.Pod{} }},
	{ReplicaSet, appsv1.SchemeGroupVersion, "replicasets", nil, func() runtime.Object { return &appsv1.ReplicaSet{} }},
	{Deployment, appsv1.SchemeGroupVersion, "deployments", nil, func() runtime.Object { return &appsv1.Deployment{} }},
	{StatefulSet, appsv1.SchemeGroupVersion, "statefulsets", nil, func() runtime.Object { return &appsv1.StatefulSet{} }},
	{DaemonSet, appsv1.SchemeGroupVersion, "daemonsets", nil, func() runtime.Object { return &appsv1.DaemonSet{} }},
	{Job, batchv1.SchemeGroupVersion, "jobs", nil, func() runtime.Object { return &batchv1.Job{} }},
	{CronJob, batchv1.SchemeGroupVersion, "cronjobs", nil, func() runtime.Object { return &batchv1.CronJob{} }},
	{PersistentVolumeClaim, corev1.SchemeGroupVersion, "persistentvolumeclaims", nil, func() runtime.Object { return &corev1.PersistentVolumeClaim{} }},
	{PersistentVolume, corev1.SchemeGroupVersion, "persistentvolumes", nil, func() runtime.Object { return &corev1.PersistentVolume{} }},
	{StorageClass, storagev1.SchemeGroupVersion, "storageclasses", nil, func() runtime.Object { return &storagev1.StorageClass{} }},
	{VolumeAttributesClass, storagev1.SchemeGroupVersion, "volumeattributesclasses", nil, func() runtime.Object { return &storagev1.VolumeAttributesClass{} }},
	{VolumeSnapshot, snapshotv1.SchemeGroupVersion, "volumesnapshots", nil, func() runtime.Object { return &snapshotv1.VolumeSnapshot{} }},
	{VolumeSnapshotContent, snapshotv1.SchemeGroupVersion, "volumesnapshotcontents", nil, func() runtime.Object { return &snapshotv1.VolumeSnapshotContent{} }},
	{VolumeSnapshotClass, snapshotv1.SchemeGroupVersion, "volumesnapshotclasses", nil, func() runtime.Object { return &snapshotv1.VolumeSnapshotClass{} }},
	{ConfigMap, corev1.SchemeGroupVersion, "configmaps", nil, func() runtime.Object { return &corev1.ConfigMap{} }},
	{ReplicationController, corev1.SchemeGroupVersion, "replicationcontrollers", nil, func() runtime.Object { return &corev1.ReplicationController{} }},
	{PodTemplate, corev1.SchemeGroupVersion, "podtemplates", nil, func() runtime.Object { return &corev1.PodTemplate{} }},
}

// KindOf finds a kind by its group, version and name as the API server says them.
func KindOf(group, version, kind string) (KindInfo, bool) {
	for _, k := range KindTable {
		if string(k.Kind) == kind && k.Version.Group == group && k.Version.Version == version {
			return k, true
		}
	}
	return KindInfo{}, false
}

// KindOfObject finds the kind of an object by its type, of all that rules read.
func KindOfObject(o runtime.Object) (Kind, bool) {
	kind, ok := kindsByType()[reflect.TypeOf(o)]
	return kind, ok
}

var kindsByType = sync.OnceValue(func() map[reflect.Type]Kind {
	kinds := make(map[reflect.Type]Kind, len(KindTable))
	for _, k := range KindTable {
		kinds[reflect.TypeOf(k.New())] = k.Kind
	}
	return kinds
})

// kindOfObject finds the kind of an object that holds a pod spec by its type.
func kindOfObject(o runtime.Object) (Kind, bool) {
	switch o.(type) {
	case *corev1.Pod:
		return Pod, true
	case *appsv1.ReplicaSet:
		return ReplicaSet, true
	case *appsv1.Deployment:
		return Deployment, true
	case *appsv1.StatefulSet:
		return StatefulSet, true
	case *appsv1.DaemonSet:
		return DaemonSet, true
	case *batchv1.Job:
		return Job, true
	case *batchv1.CronJob:
		return CronJob, true
	case *corev1.ReplicationController:
		return ReplicationController, true
	case *corev1.PodTemplate:
		return PodTemplate, true
	}
	return "", false
}

var (
	workloadKinds = []Kind{ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController, PodTemplate}
	// podKinds are the kinds with a pod spec somewhere in them.
	podKinds = append([]Kind{Pod}, workloadKinds...)
	// claimKinds are the kinds with a claim's spec somewhere in them: ephemeral volumes hold one in every pod spec.
	claimKinds = append([]Kind{PersistentVolumeClaim}, podKinds...)
)

func allKinds() []Kind {
	kinds := make([]Kind, len(KindTable))
	for i := range KindTable {
		kinds[i] = KindTable[i].Kind
	}
	return kinds
}
