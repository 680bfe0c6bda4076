// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
)

// Minimise takes away what a finding does not need: objects, volumes of pods, labels and annotations, as long as the same
// kind of disagreement about the same plugin stays.
func (j *Judge) Minimise(f Finding) Finding {
	try := func(c *Cluster, pod *corev1.Pod) bool {
		found, err := j.Judge(c, []*corev1.Pod{pod}, f.Loading)
		if err != nil {
			return false
		}
		for _, d := range found {
			if d.Kind == f.Kind && d.Plugin == f.Plugin {
				f.Disagreement, f.Cluster = d, c
				return true
			}
		}
		return false
	}
	for smaller := true; smaller; {
		smaller = false
		for _, o := range f.Cluster.Objects() {
			if try(f.Cluster.Swap(o, nil), f.Pod) {
				smaller = true
				continue
			}
			for _, simpler := range simplifications(o) {
				if try(f.Cluster.Swap(o, simpler), f.Pod) {
					smaller = true
					break
				}
			}
		}
		for _, simpler := range simplifications(f.Pod) {
			if try(f.Cluster, simpler.(*corev1.Pod)) {
				smaller = true
				break
			}
		}
	}
	return f
}

// simplifications are the object with one thing less each.
func simplifications(o object) []object {
	var out []object
	for _, key := range slices.Sorted(maps.Keys(o.GetLabels())) {
		simpler := o.DeepCopyObject().(object)
		delete(simpler.GetLabels(), key)
		out = append(out, simpler)
	}
	for _, key := range slices.Sorted(maps.Keys(o.GetAnnotations())) {
		simpler := o.DeepCopyObject().(object)
		delete(simpler.GetAnnotations(), key)
		out = append(out, simpler)
	}
	switch o := o.(type) {
	case *corev1.Pod:
		for i := range o.Spec.Volumes {
			simpler := o.DeepCopy()
			simpler.Spec.Volumes = slices.Delete(simpler.Spec.Volumes, i, i+1)
			out = append(out, simpler)
		}
	case *corev1.PersistentVolume:
		if o.Spec.NodeAffinity != nil {
			simpler := o.DeepCopy()
			simpler.Spec.NodeAffinity = nil
			out = append(out, simpler)
		}
	case *storagev1.CSINode:
		for i := range o.Spec.Drivers {
			simpler := o.DeepCopy()
			simpler.Spec.Drivers = slices.Delete(simpler.Spec.Drivers, i, i+1)
			out = append(out, simpler)
		}
	case *storagev1.StorageClass:
		if o.AllowedTopologies != nil {
			simpler := o.DeepCopy()
			simpler.AllowedTopologies = nil
			out = append(out, simpler)
		}
	case *corev1.PersistentVolumeClaim:
		if o.Spec.Selector != nil {
			simpler := o.DeepCopy()
			simpler.Spec.Selector = nil
			out = append(out, simpler)
		}
	}
	return out
}

// Report tells a person what was found, with the objects as YAML.
func (f Finding) Report() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s", f.Kind)
	if f.Plugin != "" {
		fmt.Fprintf(&out, " (%s)", f.Plugin)
	}
	fmt.Fprintf(&out, "\nround %d, pod %s/%s, node %s\n  kube-scheduler: %s\n  moorage:        %s\n",
		f.Round, f.Pod.Namespace, f.Pod.Name, f.Node, f.InTree, f.Moorage)
	text, err := Manifests(append(f.Cluster.Objects(), f.Pod)...)
	if err != nil {
		text = err.Error() + "\n"
	}
	out.WriteString(text)
	return out.String()
}
