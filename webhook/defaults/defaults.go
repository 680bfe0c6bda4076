// SPDX-License-Identifier: Apache-2.0

// Package defaults holds the mutations: what moorage fills in on objects that left it open.
//
// A default is a pure function from an object to JSON patch operations. The package promises that every default is
// idempotent, that a patch touches only the fields that the default is about, computed on the bytes that the API server
// sent, so that a field which this build does not know survives, and that workloads' templates are never changed (a GitOps
// controller would see drift). It must not know HTTP or AdmissionReview.
//
// To add a default: write its row and its function in a file of its own, and name it in the registry.
package defaults

import (
	"fmt"
	"maps"
	"slices"

	"gomodules.xyz/jsonpatch/v2"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/moorage-k8s/moorage/catalog"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/webhook/rules"
	"github.com/moorage-k8s/moorage/webhook/suggest"
)

// Default is one row of the registry.
type Default struct {
	// Name is what configuration, metrics and audit annotations call it.
	Name string
	// Summary says what it does, in one sentence.
	Summary string
	// Kinds are the objects it may change.
	Kinds []rules.Kind
	// On says whether it is on where the configuration says nothing.
	On bool
	// Configured, if not nil, says whether the settings that the default needs are there: then it is on, and without them it
	// cannot be.
	Configured func(*Settings) bool
	// Apply adds what it changes to the patch, and does nothing if there is nothing to change. It must not change its input.
	Apply func(Input, *Patch) error
}

// Input is what a default is asked about, shared and read-only.
type Input struct {
	// Object is the object as the defaults before this one leave it.
	Object runtime.Object
	// Old is the object before an update; nil for a creation.
	Old runtime.Object
	// Namespace is where the object is or is to be; empty for kinds without one.
	Namespace string
	// Lookup holds the cluster's objects; nil when there are none to look up.
	Lookup *topology.Snapshot

	catalog  *catalog.Catalog
	settings *Settings
}

// Options configure a Defaulter. The zero value means the defaults that are on by themselves.
type Options struct {
	// Switches turn defaults on or off by name.
	Switches map[string]bool
	// Settings are what some defaults need.
	Settings Settings
	// Catalog is the driver matrix; nil means the one that this build carries.
	Catalog *catalog.Catalog
}

// Defaulter applies the defaults that are on. It is immutable and safe for concurrent use.
type Defaulter struct {
	on       []Default
	catalog  *catalog.Catalog
	settings Settings
}

// NewDefaulter makes a Defaulter. An unknown name is an error that names the nearest known ones; so is a default that is
// switched on without its settings.
func NewDefaulter(opts Options) (*Defaulter, error) {
	known := Names()
	for _, name := range slices.Sorted(maps.Keys(opts.Switches)) {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("configure the default %q: there is no such default; %s", name, suggest.Sentence(name, known))
		}
	}
	if err := opts.Settings.validate(); err != nil {
		return nil, err
	}
	d := &Defaulter{catalog: opts.Catalog, settings: opts.Settings}
	if d.catalog == nil {
		d.catalog = catalog.Default()
	}
	for i := range registry {
		on, switched := opts.Switches[registry[i].Name]
		if !switched {
			on = registry[i].On
		}
		if configured := registry[i].Configured; configured != nil {
			switch ready := configured(&d.settings); {
			case on && !ready:
				return nil, fmt.Errorf("configure the default %q: it is switched on, and its settings are missing", registry[i].Name)
			case !switched:
				on = ready
			}
		}
		if on {
			d.on = append(d.on, registry[i])
		}
	}
	return d, nil
}

// Kinds are the kinds that a default which is on may change, each once.
func (d *Defaulter) Kinds() []rules.Kind {
	var kinds []rules.Kind
	for i := range d.on {
		for _, k := range d.on[i].Kinds {
			if !slices.Contains(kinds, k) {
				kinds = append(kinds, k)
			}
		}
	}
	return kinds
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
func (d *Defaulter) Apply(kind rules.KindInfo, in Input, raw []byte) (Result, error) {
	var result Result
	in.catalog, in.settings = d.catalog, &d.settings
	patch := newPatch(raw)
	for i := range d.on {
		if !slices.Contains(d.on[i].Kinds, kind.Kind) {
			continue
		}
		before := len(patch.operations)
		if err := d.on[i].Apply(in, patch); err != nil {
			return Result{}, fmt.Errorf("apply the default %s: %w", d.on[i].Name, err)
		}
		if len(patch.operations) == before {
			continue
		}
		result.Applied = append(result.Applied, d.on[i].Name)
		in.Object = kind.New()
		if err := patch.decode(in.Object); err != nil {
			return Result{}, fmt.Errorf("apply the default %s: %w", d.on[i].Name, err)
		}
	}
	result.Operations = patch.operations
	return result, nil
}
