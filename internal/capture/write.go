// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/manifests"
)

// Format is the form of a capture's file.
type Format int

const (
	// YAML is a stream of YAML documents. Each is one line of JSON, which is YAML too: a line for each object can be searched
	// and compared, and a hundred thousand are read in seconds.
	YAML Format = iota
	// JSON is the same lines without separators, after an empty list that has the comment as an annotation.
	JSON
)

// Kinds are those that a capture holds, in its order.
var Kinds = append(slices.Clone(topology.AllKinds), topology.KindBudget, topology.KindEvent)

// Write writes the objects in the order of their Kinds, namespaces and names. The
// comment becomes the head of the file.
func Write(w io.Writer, format Format, comment []string, objects map[topology.Kind][]metav1.Object) error {
	out := bufio.NewWriter(plain.Raw(w))
	if format == YAML {
		for _, line := range comment {
			_, _ = fmt.Fprintf(out, "# %s\n", plain.Quiet(line))
		}
	}
	// A document with a hidden character is written with YAML's escapes: those of JSON split the rarest characters in two.
	values := plain.YAMLWriter(out)
	if format == JSON {
		values = plain.JSONWriter(out)
	}
	encode := json.NewEncoder(values)
	encode.SetEscapeHTML(false)
	if format == JSON {
		if err := encode.Encode(manifests.CapturedList(comment)); err != nil {
			return fmt.Errorf("write the comment: %w", err)
		}
	}
	for _, kind := range Kinds {
		list := slices.Clone(objects[kind])
		slices.SortFunc(list, func(a, b metav1.Object) int {
			return cmp.Or(strings.Compare(a.GetNamespace(), b.GetNamespace()), strings.Compare(a.GetName(), b.GetName()))
		})
		for _, o := range list {
			typed, ok := o.(runtime.Object)
			if !ok {
				return fmt.Errorf("write %s %s: it is not an API object", kind, o.GetName())
			}
			typed.GetObjectKind().SetGroupVersionKind(topology.ResourceOf(kind).GroupVersion().WithKind(string(kind)))
			if format == YAML {
				_, _ = out.WriteString("---\n")
			}
			if err := encode.Encode(line(typed)); err != nil {
				return fmt.Errorf("write %s %s: %w", kind, o.GetName(), err)
			}
		}
	}
	return out.Flush()
}

// line is what is encoded of an object: of a node without the many fields that are there even if they are empty.
func line(o runtime.Object) any {
	n, ok := o.(*corev1.Node)
	if !ok {
		return o
	}
	type status struct {
		Allocatable corev1.ResourceList    `json:"allocatable,omitempty"`
		Conditions  []corev1.NodeCondition `json:"conditions,omitempty"`
	}
	return struct {
		metav1.TypeMeta `json:",inline"`
		Metadata        *metav1.ObjectMeta `json:"metadata"`
		Spec            *corev1.NodeSpec   `json:"spec"`
		Status          status             `json:"status"`
	}{n.TypeMeta, &n.ObjectMeta, &n.Spec, status{n.Status.Allocatable, n.Status.Conditions}}
}
