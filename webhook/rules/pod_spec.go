// SPDX-License-Identifier: Apache-2.0

package rules

import (
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// podSpecOf returns the pod spec of a pod or of a workload's template with its path, or nil if the object has none.
func podSpecOf(obj runtime.Object) (*corev1.PodSpec, *field.Path) {
	switch o := obj.(type) {
	case *corev1.Pod:
		return &o.Spec, field.NewPath("spec")
	case *appsv1.ReplicaSet:
		return &o.Spec.Template.Spec, field.NewPath("spec", "template", "spec")
	case *appsv1.Deployment:
		return &o.Spec.Template.Spec, field.NewPath("spec", "template", "spec")
	case *appsv1.StatefulSet:
		return &o.Spec.Template.Spec, field.NewPath("spec", "template", "spec")
	case *appsv1.DaemonSet:
		return &o.Spec.Template.Spec, field.NewPath("spec", "template", "spec")
	case *batchv1.Job:
		return &o.Spec.Template.Spec, field.NewPath("spec", "template", "spec")
	case *batchv1.CronJob:
		return &o.Spec.JobTemplate.Spec.Template.Spec, field.NewPath("spec", "jobTemplate", "spec", "template", "spec")
	}
	return nil, nil
}

// container is one container of a pod spec and where it stands. Its path is built only when there is something to say.
type container struct {
	*corev1.Container
	spec  *field.Path
	list  string
	index int
}

func (c container) path() *field.Path { return c.spec.Child(c.list).Index(c.index) }

func (c container) privileged() bool {
	return c.SecurityContext != nil && c.SecurityContext.Privileged != nil && *c.SecurityContext.Privileged
}

// eachContainer visits init, ordinary and ephemeral containers, in the order in which the API server validates them.
func eachContainer(obj runtime.Object, visit func(*corev1.PodSpec, container)) {
	spec, path := podSpecOf(obj)
	if spec == nil {
		return
	}
	for i := range spec.InitContainers {
		visit(spec, container{&spec.InitContainers[i], path, "initContainers", i})
	}
	for i := range spec.Containers {
		visit(spec, container{&spec.Containers[i], path, "containers", i})
	}
	for i := range spec.EphemeralContainers {
		// The two types have the same fields on purpose; the API server converts them in the same way.
		c := (*corev1.Container)(&spec.EphemeralContainers[i].EphemeralContainerCommon)
		visit(spec, container{c, path, "ephemeralContainers", i})
	}
}

// volumeNamed returns a pod's volume, or nil if the pod has no volume of that name.
func volumeNamed(spec *corev1.PodSpec, name string) *corev1.Volume {
	for i := range spec.Volumes {
		if spec.Volumes[i].Name == name {
			return &spec.Volumes[i]
		}
	}
	return nil
}
