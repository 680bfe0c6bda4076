// SPDX-License-Identifier: Apache-2.0

package nodefit

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// Resources is an amount of each resource, in the units that kube-scheduler counts in: CPU in thousandths, all others in ones or bytes.
type Resources struct {
	MilliCPU, Memory, EphemeralStorage int64
	// Others are huge pages and extended resources; nil where there is none.
	Others map[corev1.ResourceName]int64
}

// resourcesFrom reads a list as kube-scheduler does: what it does not schedule by is left out, pods are counted apart.
func resourcesFrom(list corev1.ResourceList) Resources {
	var r Resources
	for name, quantity := range list {
		switch name {
		case corev1.ResourceCPU:
			r.MilliCPU = quantity.MilliValue()
		case corev1.ResourceMemory:
			r.Memory = quantity.Value()
		case corev1.ResourceEphemeralStorage:
			r.EphemeralStorage = quantity.Value()
		case corev1.ResourcePods:
		default:
			if countable(name) {
				if r.Others == nil {
					r.Others = map[corev1.ResourceName]int64{}
				}
				r.Others[name] = quantity.Value()
			}
		}
	}
	return r
}

// add adds o sign times. It changes the map of r, which must be r's own.
func (r *Resources) add(o *Resources, sign int64) {
	r.MilliCPU += sign * o.MilliCPU
	r.Memory += sign * o.Memory
	r.EphemeralStorage += sign * o.EphemeralStorage
	if r.Others == nil && len(o.Others) > 0 {
		r.Others = map[corev1.ResourceName]int64{}
	}
	for name, n := range o.Others {
		r.Others[name] += sign * n
	}
}

func (r *Resources) clone() Resources {
	out := *r
	out.Others = maps.Clone(r.Others)
	return out
}

// Of returns the amount of one resource; pods are not among them.
func (r *Resources) Of(name corev1.ResourceName) int64 {
	switch name {
	case corev1.ResourceCPU:
		return r.MilliCPU
	case corev1.ResourceMemory:
		return r.Memory
	case corev1.ResourceEphemeralStorage:
		return r.EphemeralStorage
	default:
		return r.Others[name]
	}
}

// named are the resources of which there is some, in the order in which kube-scheduler looks at them.
func (r *Resources) named() []corev1.ResourceName {
	var names []corev1.ResourceName
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage} {
		if r.Of(name) > 0 {
			names = append(names, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Others)) {
		if r.Others[name] > 0 {
			names = append(names, name)
		}
	}
	return names
}

// countable reports whether kube-scheduler counts a resource other than CPU, memory, ephemeral storage and pods (IsScalarResourceName in
// pkg/scheduler/util).
func countable(name corev1.ResourceName) bool {
	s := string(name)
	return extended(name) || strings.HasPrefix(s, corev1.ResourceHugePagesPrefix) ||
		strings.Contains(s, corev1.ResourceDefaultNamespacePrefix) || strings.HasPrefix(s, corev1.ResourceAttachableVolumesPrefix)
}

// extended reports whether a resource is one of a device plugin or an administrator (IsExtendedResourceName in pkg/apis/core/v1/helper).
func extended(name corev1.ResourceName) bool {
	s := string(name)
	if !strings.Contains(s, "/") || strings.Contains(s, corev1.ResourceDefaultNamespacePrefix) ||
		strings.HasPrefix(s, corev1.DefaultResourceRequestsPrefix) {
		return false
	}
	return len(validation.IsQualifiedName(corev1.DefaultResourceRequestsPrefix+s)) == 0
}
