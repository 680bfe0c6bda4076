// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"bufio"
	"fmt"
	"io"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/topology"
)

// WriteKey writes which object of a cluster has become which of what Anonymize has made of it, a line each, sorted by the real names. It is
// for the one who anonymised, and for nobody else.
func WriteKey(w io.Writer, objects, anonymous map[topology.Kind][]metav1.Object) error {
	out := bufio.NewWriter(w)
	if _, err := fmt.Fprint(out, "# Which name in an anonymous capture stands for which. Keep it to yourself.\n"); err != nil {
		return err
	}
	for _, kind := range topology.AllKinds {
		lines := make([]string, 0, len(objects[kind]))
		for i, o := range objects[kind] {
			lines = append(lines, fmt.Sprintf("%s %s -> %s\n", kind, plain.Line(keyName(o)), keyName(anonymous[kind][i])))
		}
		slices.Sort(lines)
		for _, line := range lines {
			if _, err := out.WriteString(line); err != nil {
				return err
			}
		}
	}
	zones := map[string]string{}
	for i, o := range objects[topology.KindNode] {
		if zone := o.GetLabels()[corev1.LabelTopologyZone]; zone != "" {
			zones[zone] = anonymous[topology.KindNode][i].GetLabels()[corev1.LabelTopologyZone]
		}
	}
	lines := make([]string, 0, len(zones))
	for zone, became := range zones {
		lines = append(lines, fmt.Sprintf("zone %s -> %s\n", plain.Line(zone), became))
	}
	slices.Sort(lines)
	for _, line := range lines {
		if _, err := out.WriteString(line); err != nil {
			return err
		}
	}
	return out.Flush()
}

func keyName(o metav1.Object) string {
	return topology.Key{Namespace: o.GetNamespace(), Name: o.GetName()}.String()
}
