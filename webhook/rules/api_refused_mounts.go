// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"path"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// mounts looks at what the containers make of the volumes. A StatefulSet's pods also have a volume for each claim template.
func (r *refusals) mounts(obj runtime.Object) {
	templates := claimTemplates(obj)
	var paths mountPaths
	eachMount(obj, func(m mount) {
		if m.volume == nil && !templates[m.Name] {
			r.noVolume(templates, m.spec, spotOf(m.path()).Child("name"), m.container.Name, m.Name, "mounts")
		}
		switch {
		case m.MountPath == "":
			r.required(spotOf(m.path()).Child("mountPath"), about(fmt.Sprintf("container %q mounts volume %q nowhere: mountPath is empty", m.container.Name, m.Name)),
				"write the mountPath")
		case mountedBefore(m, &paths):
			r.tell(spotOf(m.path()).Child("mountPath"), fmt.Sprintf("container %q mounts two volumes at %q", m.container.Name, m.MountPath), fmt.Sprintf("Invalid value: %q: must be unique", m.MountPath),
				"give each mount a path of its own")
		}
		for _, p := range []struct{ field, path string }{{"subPath", m.SubPath}, {"subPathExpr", m.SubPathExpr}} {
			if path.IsAbs(p.path) || hasBackstep(p.path) {
				r.descending(p.path, spotOf(m.path()).Child(p.field), about(fmt.Sprintf("container %q: %s", m.container.Name, p.field)))
			}
		}
		if m.SubPath != "" && m.SubPathExpr != "" {
			r.tell(spotOf(m.path()).Child("subPathExpr"), fmt.Sprintf("container %q mounts volume %q with both subPath and subPathExpr", m.container.Name, m.Name),
				"Invalid value: subPathExpr and subPath are mutually exclusive", "keep one of them")
		}
		if m.MountPropagation != nil {
			r.enum(string(*m.MountPropagation), propagations, spotOf(m.path()).Child("mountPropagation"),
				about(fmt.Sprintf("container %q: mountPropagation", m.container.Name)))
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

// mountPaths remembers the paths of a container with many mounts.
type mountPaths struct {
	of   *corev1.Container
	seen map[string]bool
}

// mountedBefore reports whether an earlier mount of the container has the path.
func mountedBefore(m mount, paths *mountPaths) bool {
	const few = 16
	if m.index <= few {
		return slices.ContainsFunc(m.container.VolumeMounts[:m.index], func(o corev1.VolumeMount) bool { return o.MountPath == m.MountPath })
	}
	if paths.of != m.container.Container {
		paths.of, paths.seen = m.container.Container, map[string]bool{}
		for i := range m.index {
			paths.seen[m.container.VolumeMounts[i].MountPath] = true
		}
	}
	taken := paths.seen[m.MountPath]
	paths.seen[m.MountPath] = true
	return taken
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
		at := func(name string) spot { return spotOf(c.path()).Child("volumeDevices").Index(i).Child(name) }
		who := about(fmt.Sprintf("container %q, device %q", c.Name, d.Name))
		volume, _ := volumes.find(d.Name)
		switch {
		case volume == nil && !templates[d.Name]:
			r.noVolume(templates, spec, at("name"), c.Name, d.Name, "uses")
		case !templates[d.Name] && volume.PersistentVolumeClaim == nil && volume.Ephemeral == nil:
			r.tell(at("name"), who.and(": only volumes from claims can be raw devices").String(),
				fmt.Sprintf("Invalid value: %q: can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode", d.Name), "move it to volumeMounts")
		}
		if mounted[d.Name] {
			r.tell(at("name"), who.and(" is under volumeMounts as well").String(), fmt.Sprintf("Invalid value: %q: must not already exist in volumeMounts", d.Name), "keep one of them")
		}
		if names[d.Name] {
			r.tell(at("name"), who.and(" occurs twice").String(), fmt.Sprintf("Invalid value: %q: must be unique", d.Name), "keep one of them")
		}
		switch {
		case d.DevicePath == "":
			r.required(at("devicePath"), who.and(" has no devicePath"), "write the path of the device in the container")
		case hasBackstep(d.DevicePath):
			r.backsteps(d.DevicePath, at("devicePath"), who.and(": devicePath"))
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
		at := spotOf(c.path()).Child("env").Index(i).Child("valueFrom", "fieldRef", "fieldPath")
		r.fieldRef(from.FieldRef, environmentFields, at, about(fmt.Sprintf("container %q, variable %q", c.Name, c.Env[i].Name)), "in an environment variable")
	}
}
