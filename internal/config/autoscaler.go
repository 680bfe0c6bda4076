// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// Autoscaler is what moorage writes for autoscalers of nodes, and for those who wonder why no node comes. All of it is off by default, and needs rights that
// the default installation does not have.
type Autoscaler struct {
	// Events has the extender write an event on a pod that moorage alone has held back for two minutes. It needs the right to create events in all namespaces.
	Events bool `json:"events"`
	// TemplateCapacity has the moorage that serves the webhook publish what room a new node of a group would bring; nil for not.
	TemplateCapacity *TemplateCapacity `json:"templateCapacity"`
}

// TemplateCapacity is where the capacities of template nodes are written, and to whom they belong.
type TemplateCapacity struct {
	// Namespace is that of the objects, moorage's own as a rule.
	Namespace string `json:"namespace"`
	// Lease owns them: with this object they go. It has to be there, in the namespace.
	Lease string `json:"lease"`
	// NodeGroupLabels are labels that identify the nodes of a group, the first that a node has counts; those that are known if empty.
	NodeGroupLabels []string `json:"nodeGroupLabels"`
}

func (a *Autoscaler) validate() error {
	t := a.TemplateCapacity
	if t == nil {
		return nil
	}
	var faults []error
	if t.Namespace == "" {
		faults = append(faults, errors.New("autoscaler.templateCapacity.namespace: required: where the capacities are written, usually moorage's own namespace"))
	}
	if t.Lease == "" {
		faults = append(faults, errors.New("autoscaler.templateCapacity.lease: required: the Lease in that namespace that they belong to, and with which they go"))
	}
	for _, label := range t.NodeGroupLabels {
		if problems := validation.IsQualifiedName(label); len(problems) > 0 {
			faults = append(faults, fmt.Errorf("autoscaler.templateCapacity.nodeGroupLabels: %q is no label key: %s", label, strings.Join(problems, "; ")))
		}
	}
	return errors.Join(faults...)
}
