// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"path"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// mounts looks at what the containers make of the volumes. A StatefulSet's pods also have a volume for each claim template.
func (r *refusals) mounts(obj runtime.Object) {
	templates := claimTemplates(obj)
	var mounted map[string]bool
	last := -1
	list := ""
	eachMount(obj, func(m mount) {
		if m.container.index != last || m.container.list != list {
			last, list, mounted = m.container.index, m.container.list, map[string]bool{}
		}
		who := fmt.Sprintf("container %q", m.container.Name)
		if m.volume == nil && !templates[m.Name] {
			r.noVolume(templates, m.spec, m.path().Child("name"), m.container.Name, m.Name, "mounts")
		}
		switch {
		case m.MountPath == "":
			r.required(m.path().Child("mountPath"), fmt.Sprintf("%s mounts volume %q nowhere: mountPath is empty", who, m.Name), "write the mountPath")
		case mounted[m.MountPath]:
			r.tell(m.path().Child("mountPath"), fmt.Sprintf("%s mounts two volumes at %q", who, m.MountPath), fmt.Sprintf("Invalid value: %q: must be unique", m.MountPath),
				"give each mount a path of its own")
		}
		mounted[m.MountPath] = true
		for _, p := range []struct{ field, path string }{{"subPath", m.SubPath}, {"subPathExpr", m.SubPathExpr}} {
			if path.IsAbs(p.path) || hasBackstep(p.path) {
				r.descending(p.path, m.path().Child(p.field), fmt.Sprintf("%s: %s", who, p.field))
			}
		}
		if m.SubPath != "" && m.SubPathExpr != "" {
			r.tell(m.path().Child("subPathExpr"), fmt.Sprintf("%s mounts volume %q with both subPath and subPathExpr", who, m.Name),
				"Invalid value: subPathExpr and subPath are mutually exclusive", "keep one of them")
		}
		if m.MountPropagation != nil {
			r.enum(string(*m.MountPropagation), propagations, m.path().Child("mountPropagation"), who+": mountPropagation")
		}
		r.recursiveReadOnly(m)
	})
	var volumes volumesByName
	eachContainer(obj, func(spec *corev1.PodSpec, c container) {
		if volumes.all == nil && len(c.VolumeDevices) > 0 {
			volumes = byName(spec.Volumes)
		}
		r.devices(c, spec, volumes, templates)
		r.environment(c)
	})
}

// devices refuses what ValidateVolumeDevices does.
func (r *refusals) devices(c container, spec *corev1.PodSpec, volumes volumesByName, templates map[string]bool) {
	if len(c.VolumeDevices) == 0 {
		return
	}
	mounted, mountPaths := map[string]bool{}, map[string]bool{}
	for i := range c.VolumeMounts {
		mounted[c.VolumeMounts[i].Name], mountPaths[c.VolumeMounts[i].MountPath] = true, true
	}
	names, paths := map[string]bool{}, map[string]bool{}
	for i := range c.VolumeDevices {
		d := &c.VolumeDevices[i]
		at := func(name string) *field.Path { return c.path().Child("volumeDevices").Index(i).Child(name) }
		who := fmt.Sprintf("container %q, device %q", c.Name, d.Name)
		volume, _ := volumes.find(d.Name)
		switch {
		case volume == nil && !templates[d.Name]:
			r.noVolume(templates, spec, at("name"), c.Name, d.Name, "uses")
		case !templates[d.Name] && volume.PersistentVolumeClaim == nil && volume.Ephemeral == nil:
			r.tell(at("name"), who+": only volumes from claims can be raw devices",
				fmt.Sprintf("Invalid value: %q: can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode", d.Name), "move it to volumeMounts")
		}
		if mounted[d.Name] {
			r.tell(at("name"), who+" is under volumeMounts as well", fmt.Sprintf("Invalid value: %q: must not already exist in volumeMounts", d.Name), "keep one of them")
		}
		if names[d.Name] {
			r.tell(at("name"), who+" occurs twice", fmt.Sprintf("Invalid value: %q: must be unique", d.Name), "keep one of them")
		}
		switch {
		case d.DevicePath == "":
			r.required(at("devicePath"), who+" has no devicePath", "write the path of the device in the container")
		case hasBackstep(d.DevicePath):
			r.backsteps(d.DevicePath, at("devicePath"), who+": devicePath")
		case paths[d.DevicePath] || mountPaths[d.DevicePath]:
			r.tell(at("devicePath"), fmt.Sprintf("%s: something else is at %q", who, d.DevicePath), fmt.Sprintf("Invalid value: %q: must be unique", d.DevicePath),
				"give it a path of its own")
		}
		names[d.Name], paths[d.DevicePath] = true, true
	}
}

// environment refuses references of the downward API in variables.
func (r *refusals) environment(c container) {
	for i := range c.Env {
		from := c.Env[i].ValueFrom
		if from == nil || from.FieldRef == nil {
			continue
		}
		at := c.path().Child("env").Index(i).Child("valueFrom", "fieldRef", "fieldPath")
		r.fieldRef(from.FieldRef, environmentFields, at, fmt.Sprintf("container %q, variable %q", c.Name, c.Env[i].Name), "in an environment variable")
	}
}
