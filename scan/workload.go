// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/moorage-k8s/moorage/explain"
)

// Workload is an object that makes pods.
type Workload struct {
	Object
	Meta metav1.ObjectMeta
	// Replicas is how many pods it shall have; negative where it does not say.
	Replicas int
	// Pod is the template of its pods.
	Pod *corev1.PodTemplateSpec
	// Whole is the whole object.
	Whole runtime.Object
	// Set is the whole object of a StatefulSet, and Deployment that of a Deployment; nil for others. The template is in Pod.
	Set        *appsv1.StatefulSet
	Deployment *appsv1.Deployment
}

// workloadOf reads an object that makes pods; nil for others.
func workloadOf(object runtime.Object) *Workload {
	w := &Workload{Replicas: -1, Whole: object}
	replicas := func(n *int32) int {
		if n == nil {
			return 1
		}
		return int(*n)
	}
	of := func(kind string, meta *metav1.ObjectMeta, pod *corev1.PodTemplateSpec) {
		trimAnnotations(meta)
		w.Object, w.Meta, w.Pod = Object{Kind: kind, Namespace: meta.Namespace, Name: meta.Name}, *meta, pod
	}
	switch o := object.(type) {
	case *appsv1.StatefulSet:
		of("StatefulSet", &o.ObjectMeta, &o.Spec.Template)
		w.Replicas, w.Set = replicas(o.Spec.Replicas), o
	case *appsv1.Deployment:
		of("Deployment", &o.ObjectMeta, &o.Spec.Template)
		w.Replicas, w.Deployment = replicas(o.Spec.Replicas), o
	case *appsv1.ReplicaSet:
		of("ReplicaSet", &o.ObjectMeta, &o.Spec.Template)
		w.Replicas = replicas(o.Spec.Replicas)
	case *appsv1.DaemonSet:
		of("DaemonSet", &o.ObjectMeta, &o.Spec.Template)
	case *batchv1.Job:
		of("Job", &o.ObjectMeta, &o.Spec.Template)
	case *batchv1.CronJob:
		of("CronJob", &o.ObjectMeta, &o.Spec.JobTemplate.Spec.Template)
	case *corev1.ReplicationController:
		if o.Spec.Template == nil {
			return nil
		}
		of("ReplicationController", &o.ObjectMeta, o.Spec.Template)
		w.Replicas = replicas(o.Spec.Replicas)
	default:
		return nil
	}
	return w
}

// ownerOf is what a pod is a replica of; its name is empty where it is of none. The ReplicaSet of a Deployment stands for the Deployment.
func ownerOf(p *corev1.Pod) Object {
	o := explain.OwnerOf(p)
	return Object{Kind: o.Kind, Namespace: o.Namespace, Name: o.Name}
}

// NamedByTemplate reports whether a claim's name is one that a claim template of the StatefulSet gives to the claim of some pod: TEMPLATE-SET-ORDINAL.
func NamedByTemplate(set *appsv1.StatefulSet, claim string) bool {
	for i := range set.Spec.VolumeClaimTemplates {
		ordinal, ok := strings.CutPrefix(claim, set.Spec.VolumeClaimTemplates[i].Name+"-"+set.Name+"-")
		if n, err := strconv.Atoi(ordinal); ok && err == nil && n >= 0 && strconv.Itoa(n) == ordinal {
			return true
		}
	}
	return false
}
