// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"cmp"
	"fmt"
	"io"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/templatecapacity"
	"github.com/moorage-k8s/moorage/internal/text"
)

// AutoscalerAdvice is what room nodes would bring that an autoscaler adds, as far as the cluster shows it.
type AutoscalerAdvice struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Capacities []AdvisedCapacity `json:"capacities"`
	Known      explain.Known     `json:"known"`
	objects    []templatecapacity.Capacity
	namespace  string
}

// AdvisedCapacity is what a node of a group would bring for a class.
type AdvisedCapacity struct {
	Class  string `json:"class"`
	Driver string `json:"driver"`
	// Label and Group tell the nodes of the group.
	Label string `json:"label"`
	Group string `json:"group"`
	// Bytes is what an empty node of the group had at least, and MaximumVolumeSize the largest volume; left out where no empty node said.
	Bytes             int64 `json:"bytes,omitempty"`
	MaximumVolumeSize int64 `json:"maximumVolumeSize,omitempty"`
	// Empty is how many empty nodes were seen, of so many Nodes with pools. With none nothing is known of a new node.
	Empty int `json:"empty"`
	Nodes int `json:"nodes"`
}

// AutoscalerAdviceOf says what was reckoned; objects are written into the namespace.
func AutoscalerAdviceOf(all []templatecapacity.Capacity, namespace string, known explain.Known) *AutoscalerAdvice {
	out := &AutoscalerAdvice{APIVersion: apiVersion, Kind: "AutoscalerAdvice", Capacities: []AdvisedCapacity{}, Known: known, objects: all, namespace: namespace}
	for i := range all {
		c := &all[i]
		out.Capacities = append(out.Capacities, AdvisedCapacity{c.Class, c.Driver, c.Label, c.Group, c.Bytes, c.MaximumVolumeSize, c.Empty, c.Nodes})
	}
	return out
}

// WriteAutoscalerAdvice writes the advice; as yaml the objects that follow from it, ready to be applied.
func WriteAutoscalerAdvice(w io.Writer, a *AutoscalerAdvice, output string) error {
	if output != "yaml" {
		return write(w, output, a, a.text)
	}
	var head bytes.Buffer
	head.WriteString("# What room a node would bring that cluster-autoscaler adds. It is as the cluster was; autoscaler.templateCapacity keeps it up to date.\n")
	for i := range a.objects {
		if c := &a.objects[i]; !c.Known() {
			fmt.Fprintf(&head, "# Class %s, nodes with %s=%s: none of them is empty, so what a new one would bring is not known.\n",
				plain.Line(c.Class), plain.Line(c.Label), plain.Line(c.Group))
		}
	}
	if _, err := plain.Raw(w).Write(head.Bytes()); err != nil {
		return err
	}
	for i := range a.objects {
		c := &a.objects[i]
		if !c.Known() {
			continue
		}
		if _, err := io.WriteString(w, "---\n"); err != nil {
			return err
		}
		if err := writeYAML(w, c.Object(a.namespace, nil)); err != nil {
			return err
		}
	}
	return nil
}

func (a *AutoscalerAdvice) text(out *bytes.Buffer) {
	if len(a.Capacities) == 0 {
		fmt.Fprintln(out, "Nothing to publish: no class that waits for its first consumer has pools of single nodes, on nodes with a label of their group.")
	} else {
		rows := [][]string{{"CLASS", "NODES WITH", "ROOM OF A NEW NODE", "LARGEST VOLUME", "SEEN ON"}}
		for i := range a.Capacities {
			c := &a.Capacities[i]
			row := []string{c.Class, c.Label + "=" + c.Group, "not known", "-", fmt.Sprintf("none of %s is empty", text.Count(c.Nodes, "node"))}
			if c.Empty > 0 {
				row[2], row[4] = sizeOrDash(cmp.Or(c.Bytes, -1)), fmt.Sprintf("%d of %s", c.Empty, text.Count(c.Nodes, "node"))
				row[3] = sizeOrDash(cmp.Or(c.MaximumVolumeSize, -1))
			}
			rows = append(rows, row)
		}
		text.Table(out, width, rows)
		fmt.Fprint(out, "\n-o yaml writes it as objects for cluster-autoscaler (docs/autoscalers.md).\n")
	}
	fmt.Fprintln(out)
	knownText(out, &a.Known)
}
