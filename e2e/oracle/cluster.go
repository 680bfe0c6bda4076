// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

// Cluster is a set of API objects. Objects are shared between clusters and must not be changed once they are in one.
type Cluster struct {
	Nodes       []*corev1.Node
	CSINodes    []*storagev1.CSINode
	Drivers     []*storagev1.CSIDriver
	Classes     []*storagev1.StorageClass
	Pools       []*storagev1.CSIStorageCapacity
	Volumes     []*corev1.PersistentVolume
	Claims      []*corev1.PersistentVolumeClaim
	Attachments []*storagev1.VolumeAttachment
	// Pods are those that exist beside the pods to be judged; some are assigned to nodes, all of which exist.
	Pods []*corev1.Pod
}

// object is what every API object is.
type object interface {
	metav1.Object
	runtime.Object
}

// Objects are all objects of the cluster.
func (c *Cluster) Objects() []object {
	var all []object
	all = appendObjects(all, c.Nodes)
	all = appendObjects(all, c.CSINodes)
	all = appendObjects(all, c.Drivers)
	all = appendObjects(all, c.Classes)
	all = appendObjects(all, c.Pools)
	all = appendObjects(all, c.Volumes)
	all = appendObjects(all, c.Claims)
	all = appendObjects(all, c.Attachments)
	return appendObjects(all, c.Pods)
}

func appendObjects[T object](to []object, from []T) []object {
	for _, o := range from {
		to = append(to, o)
	}
	return to
}

// Clone returns a cluster with lists of its own and the same objects.
func (c *Cluster) Clone() *Cluster {
	out := *c
	out.Nodes, out.CSINodes, out.Drivers = slices.Clone(c.Nodes), slices.Clone(c.CSINodes), slices.Clone(c.Drivers)
	out.Classes, out.Pools, out.Volumes = slices.Clone(c.Classes), slices.Clone(c.Pools), slices.Clone(c.Volumes)
	out.Claims, out.Attachments, out.Pods = slices.Clone(c.Claims), slices.Clone(c.Attachments), slices.Clone(c.Pods)
	return &out
}

// Swap returns the cluster with an object replaced by another of its kind, or taken out where with is nil. A node takes the
// pods that are assigned to it along.
func (c *Cluster) Swap(old, with object) *Cluster {
	out := c.Clone()
	if node, ok := old.(*corev1.Node); ok && with == nil {
		out.Pods = slices.DeleteFunc(out.Pods, func(p *corev1.Pod) bool { return p.Spec.NodeName == node.Name })
	}
	out.Nodes = swap(out.Nodes, old, with)
	out.CSINodes = swap(out.CSINodes, old, with)
	out.Drivers = swap(out.Drivers, old, with)
	out.Classes = swap(out.Classes, old, with)
	out.Pools = swap(out.Pools, old, with)
	out.Volumes = swap(out.Volumes, old, with)
	out.Claims = swap(out.Claims, old, with)
	out.Attachments = swap(out.Attachments, old, with)
	out.Pods = swap(out.Pods, old, with)
	return out
}

func swap[T object](list []T, old, with object) []T {
	i := slices.IndexFunc(list, func(o T) bool { return object(o) == old })
	if i < 0 {
		return list
	}
	if with == nil {
		return slices.Delete(list, i, i+1)
	}
	list[i] = with.(T)
	return list
}

// Manifests writes objects as YAML documents.
func Manifests(objects ...object) (string, error) {
	var out strings.Builder
	for _, o := range objects {
		copied := o.DeepCopyObject()
		kinds, _, err := scheme.Scheme.ObjectKinds(copied)
		if err != nil {
			return "", fmt.Errorf("write %T %s as YAML: %w", o, o.GetName(), err)
		}
		copied.GetObjectKind().SetGroupVersionKind(kinds[0])
		fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(copied)
		if err != nil {
			return "", fmt.Errorf("write %s %s as YAML: %w", kinds[0].Kind, o.GetName(), err)
		}
		if kinds[0].Kind == "Node" {
			// Many empty fields, none of which matters here.
			delete(fields, "status")
		}
		text, err := yaml.Marshal(fields)
		if err != nil {
			return "", fmt.Errorf("write %s %s as YAML: %w", kinds[0].Kind, o.GetName(), err)
		}
		out.WriteString("---\n")
		out.Write(text)
	}
	return out.String(), nil
}
