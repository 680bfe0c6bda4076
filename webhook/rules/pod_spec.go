// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"path"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// A path is never changed, so these serve every object.
var (
	ofPod      = field.NewPath("spec")
	ofTemplate = field.NewPath("spec", "template", "spec")
	ofCronJob  = field.NewPath("spec", "jobTemplate", "spec", "template", "spec")
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
			m := &c.VolumeMounts[i]
			visit(mount{m, spec, c, i, volumes.find(m.Name)})
		}
	})
}

// volumesByName finds a pod's volumes: the few of an ordinary pod one after the other, the many of another by a map.
type volumesByName struct {
	all   []corev1.Volume
	index map[string]*corev1.Volume
}

func byName(all []corev1.Volume) volumesByName {
	const few = 16
	v := volumesByName{all: all}
	if len(all) > few {
		v.index = make(map[string]*corev1.Volume, len(all))
		for i := range all {
			v.index[all[i].Name] = &all[i]
		}
	}
	return v
}

// find returns nil if there is none of that name.
func (v volumesByName) find(name string) *corev1.Volume {
	if v.index != nil {
		return v.index[name]
	}
	for i := range v.all {
		if v.all[i].Name == name {
			return &v.all[i]
		}
	}
	return nil
}

// hostFolder is the host's folder that the container sees, cleaned; a subPath narrows it. It is unknown for volumes that are
// not hostPath, and with a subPathExpr, whose value only the kubelet knows.
func (m mount) hostFolder() (folder string, known bool) {
	if m.volume == nil || m.volume.HostPath == nil || m.SubPathExpr != "" {
		return "", false
	}
	host := m.volume.HostPath.Path
	if !path.IsAbs(host) {
		return "", false
	}
	return path.Join(host, path.Join("/", m.SubPath)), true
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
