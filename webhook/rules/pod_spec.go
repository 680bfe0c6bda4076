// SPDX-License-Identifier: Apache-2.0

package rules

import (
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// A path is never changed, so these serve every object.
var (
	ofPod         = field.NewPath("spec")
	ofTemplate    = field.NewPath("spec", "template", "spec")
	ofPodTemplate = field.NewPath("template", "spec")
	ofCronJob     = field.NewPath("spec", "jobTemplate", "spec", "template", "spec")
)

// podSpecOf returns the pod spec of a pod or of a workload's template with its path, or nil if the object has none.
func podSpecOf(obj runtime.Object) (*corev1.PodSpec, *field.Path) {
	switch o := obj.(type) {
	case *corev1.Pod:
		return &o.Spec, ofPod
	case *appsv1.ReplicaSet:
		return &o.Spec.Template.Spec, ofTemplate
	case *appsv1.Deployment:
		return &o.Spec.Template.Spec, ofTemplate
	case *appsv1.StatefulSet:
		return &o.Spec.Template.Spec, ofTemplate
	case *appsv1.DaemonSet:
		return &o.Spec.Template.Spec, ofTemplate
	case *batchv1.Job:
		return &o.Spec.Template.Spec, ofTemplate
	case *batchv1.CronJob:
		return &o.Spec.JobTemplate.Spec.Template.Spec, ofCronJob
	case *corev1.ReplicationController:
		if o.Spec.Template != nil {
			return &o.Spec.Template.Spec, ofTemplate
		}
	case *corev1.PodTemplate:
		return &o.Template.Spec, ofPodTemplate
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

// mount is one entry of a container's volumeMounts.
type mount struct {
	*corev1.VolumeMount
	spec      *corev1.PodSpec
	container container
	index     int
	// volume is nil if the pod has none of that name: the API server refuses that, but for a StatefulSet's claim templates.
	volume *corev1.Volume
	// volumeIndex is the volume's in the pod spec.
	volumeIndex int
}

func (m mount) path() *field.Path { return m.container.path().Child("volumeMounts").Index(m.index) }

// eachMount visits every container's volumeMounts, containers in the order of eachContainer.
func eachMount(obj runtime.Object, visit func(mount)) {
	var volumes volumesByName
	eachContainer(obj, func(spec *corev1.PodSpec, c container) {
		if volumes.all == nil && len(c.VolumeMounts) > 0 {
			volumes = byName(spec.Volumes)
		}
		for i := range c.VolumeMounts {
			m := mount{VolumeMount: &c.VolumeMounts[i], spec: spec, container: c, index: i}
			m.volume, m.volumeIndex = volumes.find(m.Name)
			visit(m)
		}
	})
}

// volumesByName finds a pod's volumes: the few of an ordinary pod one after the other, the many of another by a map.
type volumesByName struct {
	all   []corev1.Volume
	index map[string]int
}

func byName(all []corev1.Volume) volumesByName {
	const few = 16
	v := volumesByName{all: all}
	if len(all) > few {
		v.index = make(map[string]int, len(all))
		for i := range all {
			if _, taken := v.index[all[i].Name]; !taken {
				v.index[all[i].Name] = i
			}
		}
	}
	return v
}

// find returns the first volume of that name with its index; nil if there is none.
func (v volumesByName) find(name string) (*corev1.Volume, int) {
	if v.index != nil {
		if i, ok := v.index[name]; ok {
			return &v.all[i], i
		}
		return nil, -1
	}
	for i := range v.all {
		if v.all[i].Name == name {
			return &v.all[i], i
		}
	}
	return nil, -1
}

// propagates says that the mount asks for propagation.
func (m mount) propagates() bool {
	return m.MountPropagation != nil && *m.MountPropagation != corev1.MountPropagationNone
}

// hostFile says that the volume is a single file of the host.
func (m mount) hostFile() bool {
	return m.volume != nil && m.volume.HostPath != nil && isFileType(m.volume.HostPath.Type)
}

func isFileType(t *corev1.HostPathType) bool {
	if t == nil {
		return false
	}
	switch *t {
	case corev1.HostPathFile, corev1.HostPathFileOrCreate, corev1.HostPathSocket, corev1.HostPathCharDev, corev1.HostPathBlockDev:
		return true
	case corev1.HostPathUnset, corev1.HostPathDirectory, corev1.HostPathDirectoryOrCreate:
	}
	return false
}
