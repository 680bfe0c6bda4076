// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// sharedLists keeps one of the lists of resources that say the same: a large cluster has hundreds of thousands, and few different ones.
type sharedLists struct {
	byText map[string]corev1.ResourceList
	text   strings.Builder
}

// share returns a list that says the same. It must not be changed.
func (s *sharedLists) share(list corev1.ResourceList) corev1.ResourceList {
	if len(list) == 0 {
		return list
	}
	s.text.Reset()
	for _, name := range slices.Sorted(maps.Keys(list)) {
		quantity := list[name]
		s.text.WriteString(string(name))
		s.text.WriteByte('=')
		s.text.WriteString(quantity.String())
		s.text.WriteByte('\n')
	}
	if known, ok := s.byText[s.text.String()]; ok {
		return known
	}
	if s.byText == nil {
		s.byText = map[string]corev1.ResourceList{}
	}
	s.byText[strings.Clone(s.text.String())] = list
	return list
}

// shareResources shares the lists of resources of what there is most of.
func (o *Objects) shareResources(object any) {
	switch object := object.(type) {
	case *corev1.Pod:
		for _, containers := range [][]corev1.Container{object.Spec.InitContainers, object.Spec.Containers} {
			for i := range containers {
				r := &containers[i].Resources
				r.Requests, r.Limits = o.lists.share(r.Requests), o.lists.share(r.Limits)
			}
		}
		for _, statuses := range [][]corev1.ContainerStatus{object.Status.InitContainerStatuses, object.Status.ContainerStatuses} {
			for i := range statuses {
				s := &statuses[i]
				s.AllocatedResources = o.lists.share(s.AllocatedResources)
				if s.Resources != nil {
					s.Resources.Requests, s.Resources.Limits = o.lists.share(s.Resources.Requests), o.lists.share(s.Resources.Limits)
				}
			}
		}
	case *corev1.PersistentVolumeClaim:
		object.Spec.Resources.Requests = o.lists.share(object.Spec.Resources.Requests)
		object.Status.Capacity = o.lists.share(object.Status.Capacity)
	case *corev1.PersistentVolume:
		object.Spec.Capacity = o.lists.share(object.Spec.Capacity)
	}
}
