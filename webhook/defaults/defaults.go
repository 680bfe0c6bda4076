// SPDX-License-Identifier: Apache-2.0

// Package defaults holds the mutations: what moorage fills in on objects that left it open.
//
// A default is a pure function from an object to JSON patch operations. The package promises that every default is
// idempotent, that a patch touches only the fields that the default is about, computed on the bytes that the API server
// sent, so that a field which this build does not know survives, and that workloads' templates are never changed (a GitOps
// controller would see drift). It must not know HTTP or AdmissionReview.
//
// To add a default: write its function in a file of its own, and add a row to the registry below.
package defaults

import (
	"fmt"
	"maps"
	"slices"

	"gomodules.xyz/jsonpatch/v2"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/moorage-k8s/moorage/webhook/rules"
	"github.com/moorage-k8s/moorage/webhook/suggest"
)

// Default is one entry of the registry.
type Default struct {
	// Name is what configuration, metrics and audit annotations call it.
	Name string
	// Summary says what it does, in one sentence.
	Summary string
	// Kinds are the objects it may change.
	Kinds []rules.Kind
	// On says whether it is on where the configuration says nothing.
	On bool
	// Apply adds what it changes to the patch, and does nothing if there is nothing to change. It must not change its input.
	Apply func(Input, *Patch) error
}

// Input is what a default is asked about, shared and read-only.
type Input struct {
	Object runtime.Object
	// Old is the object before an update; nil for a creation.
	Old runtime.Object
}

// registry is every default, in the order in which they are applied.
var registry = []Default{
	{
		Name:    "class-from-beta-annotation",
		Summary: "A claim's beta class annotation becomes spec.storageClassName where that is unset.",
		Kinds:   []rules.Kind{rules.PersistentVolumeClaim},
		On:      true,
		Apply:   classFromBetaAnnotation,
	},
}

// Registry returns a copy of every default in its order.
func Registry() []Default { return slices.Clone(registry) }

// Defaulter applies the defaults that are on. It is immutable and safe for concurrent use.
type Defaulter struct {
	on []Default
}

// NewDefaulter makes a Defaulter. Switches turn defaults on or off by name; an unknown name is an error that names the
// nearest known ones.
func NewDefaulter(switches map[string]bool) (*Defaulter, error) {
	known := make([]string, len(registry))
	for i := range registry {
		known[i] = registry[i].Name
	}
	for _, name := range slices.Sorted(maps.Keys(switches)) {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("configure the default %q: there is no such default; %s", name, suggest.Sentence(name, known))
		}
	}
	d := &Defaulter{}
	for i := range registry {
		on, configured := switches[registry[i].Name]
		if on || (!configured && registry[i].On) {
			d.on = append(d.on, registry[i])
		}
	}
	return d, nil
}

// Result is what the defaults did to one object.
type Result struct {
	// Operations are the patch; nil if nothing changes.
	Operations []jsonpatch.Operation
	// Applied names the defaults that changed something.
	Applied []string
}

// Apply asks every default about an object of the given kind, whose JSON is raw. An error names the default that could not
// be applied; nothing is to be patched then.
func (d *Defaulter) Apply(kind rules.Kind, in Input, raw []byte) (Result, error) {
	var result Result
	patch := newPatch(raw)
	for i := range d.on {
		if !slices.Contains(d.on[i].Kinds, kind) {
			continue
		}
		before := len(patch.operations)
		if err := d.on[i].Apply(in, patch); err != nil {
			return Result{}, fmt.Errorf("apply the default %s: %w", d.on[i].Name, err)
		}
		if len(patch.operations) > before {
			result.Applied = append(result.Applied, d.on[i].Name)
		}
	}
	result.Operations = patch.operations
	return result, nil
}
